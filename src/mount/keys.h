/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_MOUNT_KEYS_H
#define MGR_MOUNT_KEYS_H

#include "conf/conf.h"

extern const struct section mount_section; /* struct mount_conf */

#endif
