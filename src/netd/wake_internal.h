/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What wake*.c share. */
#ifndef MGR_NETD_WAKE_INTERNAL_H
#define MGR_NETD_WAKE_INTERNAL_H

#include "netd/netd.h"
#include "netd/queue.h"

enum waker_state {
	WAKER_AWAKE,    /* it runs: what comes goes its way */
	WAKER_FREEZING, /* what comes waits until it is frozen, to thaw it then */
	WAKER_FROZEN,
	WAKER_RESTS, /* it is stopped, or starts */
	WAKER_COMES, /* it has been started for what waits, until something listens in there */
};

struct waker {
	struct netd *netd;
	enum waker_state state;
	struct member self;               /* its join, and the elements that wake it; holds their ports while it rests */
	struct member *member;            /* it, while it is on the network */
	bool listed;                      /* its elements are in the table */
	const struct wire_client *client; /* that stood for it until it left; NULL: gone too */

	size_t n, room; /* what waits */
	struct queue_packet *packets;

	struct run *run;         /* what has been started for it; NULL: nothing */
	struct loop_timer timer; /* looks again, */
	uint64_t deadline;       /* until then */
	uint64_t interval;
	pid_t init;          /* of the run that is looked into; 0: not known */
	uint64_t ready;      /* since then; CLOCK_NEVER: not yet */
	unsigned failures;   /* in a row */
	uint64_t not_before; /* nothing is started until then */
	uint64_t refused;    /* and until then what comes is sent on at once, where nobody takes it */

	uint64_t look;      /* when to look whether it is used; CLOCK_NEVER: it is not looked at */
	uint64_t used;      /* when it was last */
	uint64_t flow_ends; /* as last seen (conntrack.h) */
	bool frozen_by_us;  /* and not by hand; the next mgr-netd knows it by a file */
	struct waker *next;
};

/* wake.c */
struct waker *waker_find(const struct netd *netd, const char *uuid);
void waker_enter(struct waker *w, enum waker_state state);
/* What waits goes on. It runs, and takes it. */
void waker_awake(struct waker *w);
/* It could not be started or thawed: what waits is refused. */
void waker_failed(struct waker *w);

/* wake_guard.c: there is one while stopped containers wait. */
void wake_guard(struct netd *netd);
void wake_guard_end(struct netd *netd);

/* wake_packets.c */
queue_fn waker_packet;
void waker_let_go(struct waker *w);
/* Does something listen inside for all that waits? */
bool waker_is_awaited(struct waker *w);

/* wake_idle.c: its time begins anew, where it has one. */
void waker_idle(struct waker *w);
loop_timer_fn wake_look_idle;
/* Are there flows, of one that was frozen because there were none? */
bool waker_is_used(struct waker *w);

/* wake_hear.c: false: isolation or egress.deny, which come later on its way, refuse it. */
bool waker_may_hear(const struct waker *w, const struct queue_packet *packet);

/* wake_table.c: the waker's elements in the table, or no longer. */
int waker_list(struct waker *w, bool listed, struct err *err);
void wake_table_end(struct netd *netd);

/* wake_file.c */
void waker_by_us(struct waker *w, bool is);
bool waker_was_by_us(const struct waker *w);
int wake_file_write(const struct waker *w, struct err *err);
void wake_file_remove(const struct netd *netd, const char *uuid);
/* Calls fn with what each file holds. */
void wake_files_read(struct netd *netd, void (*fn)(struct netd *netd, const void *bytes, size_t n));

/* wake_look.c: 1 when something in the container listens on the port, 0, or -errno when it cannot be told (yet). */
int waker_look(struct waker *w, uint8_t proto, uint16_t port);

/* wake_run.c: what is to be done by its state for what waits, unless it is being done. */
void waker_run(struct waker *w);
/* One that is awake is frozen: mgr-freeze. */
void waker_freeze(struct waker *w);
/* Has anything come while it was being frozen? */
void waker_check_frozen(struct waker *w);
loop_timer_fn waker_look_again;
/* Nobody wants to hear of it any more; gone: the waker is. */
void waker_rest(struct waker *w, bool gone);
/* Its configuration is read anew, once it has stopped, and may end its waiting: `mgr-boot --await`. */
void waker_read_config(const struct waker *w);

#endif
