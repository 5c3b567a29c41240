/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the guest is ready: init says so (sd_notify(3)), at once, or when a port listens. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "supervisor/supervisor.h"

#define PORT_LOOK      (50 * CLOCK_MS)
#define PORT_LOOK_LATE CLOCK_SECOND /* between looks, when it has not listened for this long: */
#define PORT_LATE      (60 * CLOCK_SECOND)
#define TCP_LISTEN     0x0A /* net/tcp_states.h of the kernel */

static void now_ready(struct supervisor *s, const char *how)
{
	if (s->ready)
		return;
	s->ready = true;
	str_print(s->ready_how, sizeof s->ready_how, "%s", how);
	log_info("ready (%s)", how);
	supervisor_tell(s);
}

/* STATUS= is the guest's text: nothing in it may reach a terminal but printable characters. */
static void take_status(struct supervisor *s, const char *text)
{
	size_t n = strnlen(text, sizeof s->status - 1);

	for (size_t i = 0; i < n; i++)
		s->status[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	s->status[n] = '\0';
	supervisor_tell(s);
}

static void take_message(struct supervisor *s, char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (str_eq(line, "READY=1") && s->ready_by == HANDOVER_READY_NOTIFY)
			now_ready(s, "notify");
		else if (str_starts(line, "STATUS="))
			take_status(s, line + strlen("STATUS="));
	}
}

/* The sender that the kernel vouches for, 0 when it says none. Closes every descriptor that came along. */
static pid_t sender(struct msghdr *msg)
{
	struct ucred who = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(c), sizeof who);
		for (size_t at = CMSG_LEN(0); c->cmsg_type == SCM_RIGHTS && at < c->cmsg_len; at += sizeof(int)) {
			int fd;
			memcpy(&fd, (char *)c + at, sizeof fd);
			close(fd);
		}
	}
	return who.pid;
}

static void notified(void *data, uint32_t events)
{
	struct supervisor *s = data;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * 16)];
	} control;
	char text[1024];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof text - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(s->notify, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	(void)events;
	if (n < 0)
		return;
	/* Any root process of the guest can write here; only init is believed. */
	if (sender(&msg) != s->init || !s->init)
		return;
	text[n] = '\0';
	take_message(s, text);
}

/* One line of /proc/PID/net/tcp: "  0: 00000000:0050 00000000:0000 0A ..." */
static bool listens(const char *line, unsigned port)
{
	const char *colon = strchr(line, ':'), *state;
	unsigned long local;

	colon = colon ? strchr(colon + 1, ':') : NULL;
	if (!colon)
		return false;
	local = strtoul(colon + 1, NULL, 16);
	state = strchr(colon + 1, ':');
	state = state ? strchr(state, ' ') : NULL;
	return state && local == port && strtoul(state, NULL, 16) == TCP_LISTEN;
}

static bool listed(int fd, unsigned port)
{
	char buf[2048];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, buf + have, sizeof buf - 1 - have)) > 0) {
		char *line = buf, *end;
		have += (size_t)n;
		buf[have] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			if (listens(line, port))
				return true;
		}
		have = strlen(line);
		memmove(buf, line, have);
		if (have == sizeof buf - 1)
			break;
	}
	return false;
}

/* The kernel has no event for "somebody listens": look again and again, more rarely after a while. */
static void look_for_port(void *data)
{
	static const char *const tables[] = { "tcp", "tcp6" };
	struct supervisor *s = data;
	char path[48];

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		snprintf(path, sizeof path, "/proc/%d/net/%s", (int)s->init, tables[i]);
		autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || !listed(fd, s->ready_port))
			continue;
		snprintf(path, sizeof path, "port %u", (unsigned)s->ready_port);
		now_ready(s, path);
		return;
	}
	bool late = clock_now() - s->port_since > PORT_LATE;
	loop_timer_start(s->loop, &s->port_look, clock_in(late ? PORT_LOOK_LATE : PORT_LOOK));
}

int ready_start(struct supervisor *s, struct err *err)
{
	if (s->notify >= 0 && !loop_io_add(s->loop, s->notify, EPOLLIN, notified, s))
		return err_sys(err, errno, "watch the notify socket");
	if (s->ready_by == HANDOVER_READY_EXEC)
		now_ready(s, "exec");
	if (s->ready_by != HANDOVER_READY_PORT)
		return 0;
	s->port_since = clock_now();
	s->port_look.fn = look_for_port;
	s->port_look.data = s;
	look_for_port(s);
	return 0;
}

void ready_stop(struct supervisor *s)
{
	loop_timer_stop(s->loop, &s->port_look);
}
