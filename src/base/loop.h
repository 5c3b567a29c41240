/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event loop of what stays running: descriptors and one-shot timers over epoll. Small on purpose: a supervisor's memory
 * counts. */
#ifndef MGR_BASE_LOOP_H
#define MGR_BASE_LOOP_H

#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_io;

/* Called with the epoll events that came. The handler may remove any watch, its own included. */
typedef void loop_io_fn(void *data, uint32_t events);
typedef void loop_timer_fn(void *data);

struct loop_timer {
	uint64_t deadline; /* clock.h; CLOCK_NEVER while not armed */
	loop_timer_fn *fn;
	void *data;
	struct loop_timer *next;
};

struct loop *loop_new(struct err *err);
/* Watches that are left are freed too; descriptors stay open. Takes NULL. */
void loop_free(struct loop *loop);

/* Watch fd (not owned) for epoll events. NULL on failure, with errno. */
struct loop_io *loop_io_add(struct loop *loop, int fd, uint32_t events, loop_io_fn *fn, void *data);
int loop_io_events(struct loop *loop, struct loop_io *io, uint32_t events);
/* Stop watching; call before closing the fd. Takes NULL. */
void loop_io_remove(struct loop *loop, struct loop_io *io);

/* Arm or re-arm a timer that the caller owns (fn and data set). loop_timer_stop before it goes away. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t deadline);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

/* Run until loop_quit, which may have been called before. Returns 0 or -errno of epoll_wait. */
int loop_run(struct loop *loop);
void loop_quit(struct loop *loop);

#endif
