/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that happens to the containers of a store, by event. */
#ifndef MGR_LIFE_MONITOR_H
#define MGR_LIFE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "wire/wire.h"

enum life_event_kind {
	LIFE_EVENT_STATE,
	LIFE_EVENT_READY,
	LIFE_EVENT_EXIT,     /* init has ended: status->exit_status */
	LIFE_EVENT_OOM,      /* the kernel has killed for want of memory: status->oom_kills since the start */
	LIFE_EVENT_UNSERVED, /* what serves its disk was killed */
	LIFE_EVENT_FAILING,  /* what is below its file system does not take what is written */
};

struct life_event {
	enum life_event_kind kind;
	uint64_t time; /* CLOCK_REALTIME, ns */
	const char *name;
	const struct wire_status *status; /* how it is after the event */
};

struct life_monitor {
	bool initial; /* begin with the state that each of them is in */
	/* Is this container of interest? */
	bool (*wanted)(const char *name, void *data);
	/* Not 0: stop, and life_monitor returns it. */
	int (*event)(const struct life_event *event, void *data);
	void *data;
};

/* Tell every event, of containers that are made or started later too, until `event` says to stop. Of a container that
 * starts and ends between two looks, what was missed is told afterwards. */
int life_monitor(const struct store *store, const struct life_monitor *how, struct err *err);

#endif
