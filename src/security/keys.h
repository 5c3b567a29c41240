/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_SECURITY_KEYS_H
#define MGR_SECURITY_KEYS_H

#include "conf/conf.h"

extern const struct section security_cap_section;      /* struct cap_conf */
extern const struct section security_seccomp_section;  /* struct seccomp_conf */
extern const struct section security_apparmor_section; /* struct apparmor_conf */

#endif
