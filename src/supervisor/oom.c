/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is told is told by the kernel's event: memory.events of v2 says EPOLLPRI (cgroup-v2.rst), v1 writes to an eventfd
 * before it kills (cgroup-v1/memory.rst, "OOM Control"). Both may come often: after each we rest, and count then. v2's file
 * says EPOLLERR too until it is read, which cannot be masked: it is watched for edges. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "supervisor/supervisor.h"

#define REST     (50 * CLOCK_MS)
#define LOG_REST CLOCK_SECOND /* a guest may have itself killed as often as it likes */

/* Open the file of whichever hierarchy counts. */
static int open_counter(const struct supervisor *s, uint32_t *ret_folder)
{
	static const char *const files[] = { "memory.oom_control", "memory.events" };

	for (uint32_t i = 0; i < s->n_cgroups; i++) {
		int fd = openat(s->cgroups[i], files[s->cgroup_v2 && i == 0], O_RDONLY | O_CLOEXEC);
		*ret_folder = i;
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Returns whether there are more than before. */
static bool count(struct supervisor *s, int fd)
{
	const uint64_t before = s->oom.kills;
	char text[512];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "oom_kill ");
	if (at)
		s->oom.kills = strtoull(at + strlen("oom_kill "), NULL, 10);
	return s->oom.kills > before;
}

static void write_log(struct supervisor *s)
{
	struct oom *o = &s->oom;

	if (o->kills == o->logged)
		return;
	log_warn("memory ran out (limits.memory): processes killed in this run: %" PRIu64, o->kills);
	o->logged = o->kills;
	o->when = clock_now();
}

static void rested(void *data)
{
	struct supervisor *s = data;
	uint64_t times;

	if (s->oom.event >= 0)
		(void)!read(s->oom.event, &times, sizeof times);
	if (count(s, s->oom.file)) {
		if (!s->oom.when || clock_now() - s->oom.when >= LOG_REST)
			write_log(s);
		supervisor_tell(s);
	}
	if (s->oom.event >= 0)
		loop_io_events(s->loop, s->oom.io, EPOLLIN);
}

static void happened(void *data, uint32_t events)
{
	struct supervisor *s = data;

	(void)events;
	if (s->oom.event >= 0)
		loop_io_events(s->loop, s->oom.io, 0);
	if (s->oom.rest.deadline == CLOCK_NEVER)
		loop_timer_start(s->loop, &s->oom.rest, clock_in(REST));
}

/* v1: the kernel is told which eventfd and which file belong together. */
static int ask_for_events(const struct supervisor *s, uint32_t folder)
{
	autoclose int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	snprintf(text, sizeof text, "%d %d", event, s->oom.file);
	if (event < 0 || file_write_at(s->cgroups[folder], "cgroup.event_control", text, NULL) < 0)
		return -1;
	return steal_fd(&event);
}

static void unwatch(struct supervisor *s)
{
	struct oom *o = &s->oom;

	loop_timer_stop(s->loop, &o->rest);
	loop_io_remove(s->loop, o->io);
	o->io = NULL;
	if (o->event >= 0)
		close(steal_fd(&o->event));
	if (o->file >= 0)
		close(steal_fd(&o->file));
}

void oom_start(struct supervisor *s)
{
	struct oom *o = &s->oom;
	uint32_t folder;

	o->file = open_counter(s, &folder);
	if (o->file < 0)
		return;
	const bool v2 = s->cgroup_v2 && folder == 0;
	o->rest.fn = rested;
	o->rest.data = s;
	o->event = v2 ? -1 : ask_for_events(s, folder);
	o->io = v2              ? loop_io_add(s->loop, o->file, EPOLLPRI | EPOLLET, happened, s)
		: o->event >= 0 ? loop_io_add(s->loop, o->event, EPOLLIN, happened, s)
				: NULL;
	count(s, o->file);
	if (!o->io) {
		log_warn("no event tells of processes that are killed for want of memory");
		unwatch(s);
	}
}

void oom_stop(struct supervisor *s)
{
	uint32_t folder;
	autoclose int fd = open_counter(s, &folder);

	if (fd >= 0)
		count(s, fd);
	write_log(s);
	unwatch(s);
}
