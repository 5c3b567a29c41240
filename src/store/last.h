/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a container's latest run ended: /var/lib/mgr/NAME/last. History for people, not state. */
#ifndef MGR_STORE_LAST_H
#define MGR_STORE_LAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define LAST_NO_STATUS (-1)

struct last {
	uint64_t started, ended; /* CLOCK_REALTIME, ns; started 0: init never ran */
	int status;              /* init's wait status; LAST_NO_STATUS when nobody saw its end */
	bool killed;             /* by whoever stopped it, at once or when its time was up */
	uint64_t oom_kills;
	uint32_t run;     /* reboots inside before it */
	char failed[508]; /* what went wrong ("rootfs: mount ...: No such device"), "" when nothing did */
	char lost[256]; /* what of the guest's files was, in it or a run before that could not be made good; "" when nothing
			 */
};

/* So that there is room for it on a disk that is full by then. */
void last_reserve(int folder);
/* Replace it at once, whole; a crash of the machine may lose it. folder: /var/lib/mgr/NAME. */
int last_write(int folder, const struct last *last, struct err *err);
/* -ENOENT when it has never run. What a file lacks is 0. */
int last_read(int folder, struct last *last, struct err *err);

/* Has a run that was not undone ended unseen? Asked of what does not run: its undo record is written at its start, `last` at
 * its end. */
bool last_is_missing(int folder, int rundir);
#define LAST_UNSEEN "its supervisor was killed" /* what failed then */

/* In words: "powered off", "exit status 3". */
const char *last_ending(const struct last *last, char buf[static 48]);

#endif
