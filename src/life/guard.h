/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work that a signal may end only where it can be undone. */
#ifndef MGR_LIFE_GUARD_H
#define MGR_LIFE_GUARD_H

#include <signal.h>

#include "base/err.h"

struct guard {
	sigset_t signals, before;
};

/* SIGINT, SIGTERM, SIGHUP and SIGQUIT wait from here on ... */
void guard_begin(struct guard *g);
/* ... are asked for: -EINTR when one has come ... */
int guard_check(const struct guard *g, struct err *err);
/* ... and have their usual effect. */
void guard_end(const struct guard *g);

#endif
