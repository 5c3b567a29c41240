/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A run that somebody attends, from its start to its end. */
#ifndef MGR_LIB_FOREGROUND_H
#define MGR_LIB_FOREGROUND_H

#include <stdbool.h>

#include "lib/start.h"

struct lib_foreground {
	bool console;        /* relay /dev/console: */
	int in, out;         /* what is typed there, and where it is shown; a terminal is raw meanwhile; in -1: nothing */
	uint64_t *oom_kills; /* gets the number of processes that were killed for want of memory; may be NULL */
	bool pass; /* signals go to init as they come; else SIGTERM, SIGINT, SIGQUIT and SIGHUP ask for its end, the
		    * second time with SIGKILL, and others are ignored */
};

/* Start it, with start->client filled in here, and stay until it is STOPPED. Terminal, signal mask and handlers are as
 * before then. The exit code: init's status, 128+n when signal n ended it, 0 when it powered the container off. -errno: it
 * was running (-EBUSY), could not be started (start->exit_code tells more), or how it ended is not known. A terminal that is
 * gone means what SIGHUP does. */
int lib_foreground(const struct store *store, const char *name, struct lib_start *start, const struct lib_foreground *how,
		   struct err *err);

#endif
