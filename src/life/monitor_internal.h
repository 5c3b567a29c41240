/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What monitor.c (who is there) and monitor_one.c (what one does) share. */
#ifndef MGR_LIFE_MONITOR_INTERNAL_H
#define MGR_LIFE_MONITOR_INTERNAL_H

#include "base/loop.h"
#include "cgroup/cgroup.h"
#include "life/monitor.h"

struct monitor {
	const struct store *store;
	const struct life_monitor *how;
	struct cgroup host;
	struct loop *loop;
	int inotify, run; /* the watch of the folder of runtime folders; -1 while there is none */
	int manager;      /* of the manager's own, which that of another store is in; -1 */
	uint64_t since;   /* CLOCK_REALTIME, ns */
	int result;       /* of `event`, once it has said to stop */
	struct watched *all;
};

/* One container with a runtime folder. */
struct watched {
	struct monitor *monitor;
	char *name;
	int folder, events; /* watches of its runtime folder, of its cgroup.events; -1 */
	int sock;           /* to its supervisor, who tells everything while there is one; -1 */
	struct loop_io *io;
	struct loop_timer again;
	unsigned settle;           /* looks since something happened */
	bool known;                /* what its supervisor says first is news */
	struct wire_status status; /* as it was told */
	struct watched *next;
};

struct watched *watched_new(struct monitor *m, const char *name, bool known);
void watched_free(struct watched *w);
/* CLOCK_REALTIME, ns. */
uint64_t watched_now(void);
/* Something has happened to it: look. */
void watched_look(struct watched *w);

#endif
