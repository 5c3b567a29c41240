/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_NS_KEYS_H
#define MGR_NS_KEYS_H

#include "conf/conf.h"

extern const struct section ns_container_section; /* struct container_conf */
extern const struct section ns_uts_section;       /* struct uts_conf */

#endif
