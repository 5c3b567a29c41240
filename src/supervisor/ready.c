/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the guest is ready: init says so (sd_notify(3)), at once, or when a port listens. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "supervisor/supervisor.h"

#define PORT_LOOK      (50 * CLOCK_MS)
#define PORT_LOOK_LATE CLOCK_SECOND
#define MESSAGES_MOST  64 /* in a row; what a guest sends above that waits in the socket, and its sender with it: */
#define MESSAGES_REST  (50 * CLOCK_MS)
#define DESCRIPTORS    253 /* SCM_MAX_FD of the kernel's include/net/scm.h: those without room it would close itself, here */

/* Returns whether that is news. */
static bool now_ready(struct supervisor *s, const char *how)
{
	if (s->ready)
		return false;
	s->ready = true;
	str_print(s->ready_how, sizeof s->ready_how, "%s", how);
	log_info("ready (%s)", how);
	return true;
}

/* STATUS= is the guest's text: nothing in it may reach a terminal but printable characters. Returns whether it is news. */
static bool take_status(struct supervisor *s, const char *text)
{
	char clean[sizeof s->status];
	size_t n = strnlen(text, sizeof clean - 1);

	for (size_t i = 0; i < n; i++)
		clean[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	clean[n] = '\0';
	if (str_eq(clean, s->status))
		return false;
	memcpy(s->status, clean, n + 1);
	return true;
}

/* Watchers are told once a message, however many lines it has: a queue of theirs that overflows ends their connection. */
static void take_message(struct supervisor *s, char *text)
{
	char *rest = text, *line;
	bool news = false;

	while ((line = strsep(&rest, "\n"))) {
		if (str_eq(line, "READY=1") && s->ready_by == HANDOVER_READY_NOTIFY)
			news = now_ready(s, "notify") || news;
		else if (str_starts(line, "STATUS="))
			news = take_status(s, line + strlen("STATUS=")) || news;
	}
	if (news)
		supervisor_tell(s);
}

/* To close the last descriptor of a socket may take as long as its SO_LINGER says, which is the guest's to choose; not so
 * for a process that ends (inet_release() in the kernel's net/ipv4/af_inet.c). So another process has them last. */
static void close_foreign(const int *fds, size_t n)
{
	pid_t last = n > 0 ? fork() : -1;

	if (last == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	if (last > 0)
		kill(last, SIGKILL); /* supervisor_reap() sees its end */
}

/* The sender that the kernel vouches for, 0 when it says none. Closes every descriptor that came along: INIT_NOTIFY_PATH
 * takes none where the kernel can refuse them (SO_PASSRIGHTS, Linux 6.16). */
static pid_t sender(struct msghdr *msg)
{
	struct ucred who = { 0 };
	int fds[DESCRIPTORS];
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(c), sizeof who);
		if (c->cmsg_type == SCM_RIGHTS && c->cmsg_len <= CMSG_LEN(sizeof fds)) {
			n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		}
	}
	close_foreign(fds, n);
	return who.pid;
}

/* Returns false when there was nothing. */
static bool receive(struct supervisor *s)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * DESCRIPTORS)];
	} control;
	char text[1024];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof text - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(s->notify, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return false;
	/* Any root process of the guest can write here; only init is believed. */
	if (sender(&msg) == s->init && s->init) {
		text[n] = '\0';
		take_message(s, text);
	}
	return true;
}

static void listen_again(void *data)
{
	struct supervisor *s = data;

	s->messages = 0;
	loop_io_events(s->loop, s->notify_io, EPOLLIN);
}

/* Our time is not counted as the guest's: so many messages, then a rest. */
static void notified(void *data, uint32_t events)
{
	struct supervisor *s = data;

	(void)events;
	if (!receive(s) || ++s->messages < MESSAGES_MOST)
		return;
	loop_io_events(s->loop, s->notify_io, 0);
	loop_timer_start(s->loop, &s->notify_rest, clock_in(MESSAGES_REST));
}

static void look_no_more(struct supervisor *s)
{
	if (s->diag >= 0)
		close(s->diag);
	s->diag = -1;
}

/* The kernel has no event for "somebody listens": look again and again, more rarely as time goes by. */
static void look_for_port(void *data)
{
	struct supervisor *s = data;
	uint64_t next = (clock_now() - s->port_since) / 8;
	char how[32];
	int r = port_listens(s);

	if (r < 0 && !s->port_failed)
		log_warn("ready: ask the kernel who listens: %s", strerror(-r));
	s->port_failed = r < 0;
	if (r > 0) {
		snprintf(how, sizeof how, "port %u", (unsigned)s->ready_port);
		now_ready(s, how);
		look_no_more(s);
		supervisor_tell(s);
		return;
	}
	next = next < PORT_LOOK ? PORT_LOOK : next > PORT_LOOK_LATE ? PORT_LOOK_LATE : next;
	loop_timer_start(s->loop, &s->port_look, clock_in(next));
}

int ready_start(struct supervisor *s, struct err *err)
{
	s->notify_rest.fn = listen_again;
	s->notify_rest.data = s;
	s->notify_io = s->notify >= 0 ? loop_io_add(s->loop, s->notify, EPOLLIN, notified, s) : NULL;
	if (s->notify >= 0 && !s->notify_io)
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
	look_no_more(s);
	loop_timer_stop(s->loop, &s->notify_rest);
	loop_io_remove(s->loop, s->notify_io);
	s->notify_io = NULL;
}
