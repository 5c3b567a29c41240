/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CGROUP_KEYS_H
#define MGR_CGROUP_KEYS_H

#include "conf/conf.h"

extern const struct section cgroup_limits_section; /* struct limits_conf */

#endif
