/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CGROUP_KEYS_H
#define MGR_CGROUP_KEYS_H

#include "conf/conf.h"

/* Of struct limits_conf. */
extern const struct section cgroup_limits_section, cgroup_v1_section, cgroup_v2_section;

#endif
