/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_HOOK_KEYS_H
#define MGR_HOOK_KEYS_H

#include "conf/conf.h"

extern const struct section hook_section; /* struct hook_conf */

#endif
