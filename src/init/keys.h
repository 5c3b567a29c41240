/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_INIT_KEYS_H
#define MGR_INIT_KEYS_H

#include "conf/conf.h"

/* All of struct init_conf. */
extern const struct section init_section, init_signal_section, init_environment_section;

#endif
