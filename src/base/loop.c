/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

struct loop_io {
	int fd;
	loop_io_fn *fn; /* NULL: removed, freed after the round */
	void *data;
	struct loop_io *next, **at; /* of the loop's list, or next of the dead */
};

struct loop {
	int epoll;
	bool quit;
	struct loop_timer *timers; /* by deadline */
	struct loop_io *ios, *dead;
};

struct loop *loop_new(struct err *err)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (!loop) {
		err_nomem(err);
		return NULL;
	}
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		err_sys(err, errno, "make an epoll instance");
		free(loop);
		return NULL;
	}
	return loop;
}

static void free_list(struct loop_io **list)
{
	while (*list) {
		struct loop_io *io = *list;
		*list = io->next;
		free(io);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free_list(&loop->dead);
	free_list(&loop->ios);
	close(loop->epoll);
	free(loop);
}

struct loop_io *loop_io_add(struct loop *loop, int fd, uint32_t events, loop_io_fn *fn, void *data)
{
	struct loop_io *io = calloc(1, sizeof *io);
	struct epoll_event ev = { .events = events, .data.ptr = io };

	if (!io)
		return NULL;
	*io = (struct loop_io){ .fd = fd, .fn = fn, .data = data };
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(io);
		return NULL;
	}
	io->next = loop->ios;
	io->at = &loop->ios;
	if (io->next)
		io->next->at = &io->next;
	loop->ios = io;
	return io;
}

int loop_io_events(struct loop *loop, struct loop_io *io, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = io };

	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, io->fd, &ev) < 0 ? -errno : 0;
}

void loop_io_remove(struct loop *loop, struct loop_io *io)
{
	if (!io || !io->fn)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
	io->fn = NULL;
	*io->at = io->next;
	if (io->next)
		io->next->at = io->at;
	io->next = loop->dead;
	loop->dead = io;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
	for (struct loop_timer **p = &loop->timers; *p; p = &(*p)->next)
		if (*p == timer) {
			*p = timer->next;
			break;
		}
	timer->next = NULL;
	timer->deadline = CLOCK_NEVER;
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t deadline)
{
	struct loop_timer **p = &loop->timers;

	loop_timer_stop(loop, timer);
	timer->deadline = deadline;
	while (*p && (*p)->deadline <= deadline)
		p = &(*p)->next;
	timer->next = *p;
	*p = timer;
}

static void run_timers(struct loop *loop)
{
	uint64_t now = clock_now();

	while (!loop->quit && loop->timers && loop->timers->deadline <= now) {
		struct loop_timer *timer = loop->timers;
		loop_timer_stop(loop, timer);
		timer->fn(timer->data);
	}
}

int loop_run(struct loop *loop)
{
	struct epoll_event ev[16];

	while (!loop->quit) {
		int n = epoll_wait(loop->epoll, ev, 16, clock_left_ms(loop->timers ? loop->timers->deadline : CLOCK_NEVER));
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !loop->quit; i++) {
			struct loop_io *io = ev[i].data.ptr;
			if (io->fn)
				io->fn(io->data, ev[i].events);
		}
		free_list(&loop->dead);
		run_timers(loop);
	}
	loop->quit = false;
	return 0;
}

void loop_quit(struct loop *loop)
{
	loop->quit = true;
}
