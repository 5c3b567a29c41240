/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [log]: how much a container's log tells. It belongs to no room: all of them write there. */
#ifndef MGR_SPEC_LOG_H
#define MGR_SPEC_LOG_H

#include "base/log.h"
#include "conf/conf.h"

struct log_conf {
	enum log_level level;
};

extern const struct section log_section; /* struct log_conf */

#endif
