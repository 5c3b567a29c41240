/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/resolvers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#define HOST   "/etc/resolv.conf"
#define BEHIND "/run/systemd/resolve/resolv.conf"
#define STUB   "nameserver 127.0.0.53"
#define SETTLE (100 * CLOCK_MS)
#define EVENTS (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB)

struct resolvers_watch {
	struct loop *loop;
	int fd;
	struct loop_io *io;
	struct loop_timer timer;
	void (*fn)(void *data);
	void *data;
};

const char *resolvers_file(void)
{
	autofree char *text = NULL;

	if (file_read_at(AT_FDCWD, HOST, 65536, &text, NULL, NULL) == 0 && strstr(text, STUB) && access(BEHIND, R_OK) == 0)
		return BEHIND;
	return HOST;
}

/* The file, wherever links lead, and the folders in which another could take its place. Watching again what is watched
 * already changes nothing. */
static void add_watches(const struct resolvers_watch *w)
{
	autofree char *real = realpath(HOST, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;

	inotify_add_watch(w->fd, "/etc", EVENTS);
	inotify_add_watch(w->fd, HOST, EVENTS);
	inotify_add_watch(w->fd, BEHIND, EVENTS);
	inotify_add_watch(w->fd, "/run/systemd/resolve", EVENTS);
	inotify_add_watch(w->fd, "/run/systemd", IN_CREATE); /* in case it is not there yet */
	inotify_add_watch(w->fd, "/run", IN_CREATE);         /* nor this */
	if (slash && slash > real) {
		*slash = '\0';
		inotify_add_watch(w->fd, real, EVENTS);
	}
}

/* In a folder only files of such a name count. */
static bool matters(const struct inotify_event *e)
{
	return !e->len || strstr(e->name, "resolv") || str_eq(e->name, "systemd");
}

static void hear(void *data, uint32_t events)
{
	struct resolvers_watch *w = data;
	union {
		struct inotify_event event;
		uint8_t bytes[4096];
	} in;
	ssize_t n;

	(void)events;
	while ((n = read(w->fd, &in, sizeof in)) > 0) {
		for (size_t at = 0; at < (size_t)n;) {
			const struct inotify_event *e = (const void *)(in.bytes + at);
			if (matters(e))
				loop_timer_start(w->loop, &w->timer, clock_in(SETTLE));
			at += sizeof *e + e->len;
		}
	}
}

static void changed(void *data)
{
	struct resolvers_watch *w = data;

	add_watches(w);
	w->fn(w->data);
}

struct resolvers_watch *resolvers_watch_new(struct loop *loop, void (*fn)(void *data), void *data, struct err *err)
{
	struct resolvers_watch *w = calloc(1, sizeof *w);

	if (!w) {
		err_nomem(err);
		return NULL;
	}
	*w = (struct resolvers_watch){ .loop = loop, .fn = fn, .data = data };
	w->timer = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = changed, .data = w };
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd >= 0)
		w->io = loop_io_add(loop, w->fd, EPOLLIN, hear, w);
	if (!w->io) {
		err_sys(err, errno, "watch '%s'", HOST);
		resolvers_watch_free(w);
		return NULL;
	}
	add_watches(w);
	return w;
}

void resolvers_watch_free(struct resolvers_watch *w)
{
	if (!w)
		return;
	loop_io_remove(w->loop, w->io);
	loop_timer_stop(w->loop, &w->timer);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
