/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/guard.h"

#include <errno.h>

#include "template/template.h"

void guard_begin(struct guard *g)
{
	template_signals(&g->signals);
	sigprocmask(SIG_BLOCK, &g->signals, &g->before);
}

int guard_check(const struct guard *g, struct err *err)
{
	sigset_t pending;

	sigpending(&pending);
	sigandset(&pending, &pending, &g->signals);
	return sigisemptyset(&pending) ? 0 : err_set(err, EINTR, "interrupted");
}

void guard_end(const struct guard *g)
{
	sigprocmask(SIG_SETMASK, &g->before, NULL);
}
