/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-supervisor FD: what mgr-boot becomes once init runs. FD: the handover (wire/handover.h). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "store/store.h"
#include "supervisor/supervisor.h"
#include "unit/unit.h"

#define EXIT_USAGE 64

static struct supervisor self = { .init_pidfd = -1, .lock = -1, .log = -1 };

static void signalled(void *data, uint32_t events)
{
	struct supervisor *s = data;
	struct signalfd_siginfo info;
	struct err err;

	(void)events;
	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && supervisor_stop(s, WIRE_HALT, SUPERVISOR_PATIENCE, &err) < 0)
			log_warn("signal %u: %s", info.ssi_signo, err.msg);
	supervisor_reap(s);
}

static int catch_signals(struct supervisor *s, struct err *err)
{
	sigset_t caught;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log that outgrows the limit of whoever started it: then write says so */
	signal(SIGCHLD, SIG_DFL); /* ignored, it would reap init behind our back */
	unit_stop_signals(&caught);
	sigaddset(&caught, SIGCHLD);
	sigprocmask(SIG_SETMASK, &caught, NULL);
	s->signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0 || !loop_io_add(s->loop, s->signals, EPOLLIN, signalled, s))
		return err_sys(err, errno, "watch signals");
	return 0;
}

static int start(struct supervisor *s, int handover, struct err *err)
{
	int r;

	s->loop = loop_new(err);
	if (!s->loop)
		return -ENOMEM;
	r = take_over(s, handover, err);
	if (r < 0)
		return r;
	log_to(s->log, s->log_level, s->name);
	s->state = WIRE_RUNNING;
	store_lock_phase(s->lock, STORE_RUNNING); /* after a reboot it still says that it starts */
	oom_start(s);
	r = served_watch(s, err);
	if (r >= 0)
		r = failing_watch(s, err);
	if (r >= 0)
		r = catch_signals(s, err);
	if (r >= 0)
		r = console_start(s, err);
	if (r >= 0)
		r = ready_start(s, err);
	return r < 0 ? r : netd_start(s, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	uint64_t fd;
	int r;

	if (argc != 2 || str_uint(argv[1], 3, 65535, &fd) < 0)
		return EXIT_USAGE;
	if (start(&self, (int)fd, &err) < 0) {
		log_error("supervisor: %s", err.msg);
		supervisor_kill(&self);
		return EXIT_FAILURE;
	}
	file_rotate(self.log, self.log_max);
	log_info("%s", wire_state_names[self.state]);
	supervisor_tell(&self);
	debug_point("supervisor", "started");
	wire_server_hear(&self.server); /* who attends the run has asked to hear of all of it */
	supervisor_reap(&self);         /* init may have ended before its end could be noticed */
	r = loop_run(self.loop);
	wire_server_stop(&self.server);
	loop_free(self.loop);
	return r < 0 || !supervisor_ended_well(&self) ? EXIT_FAILURE : EXIT_SUCCESS;
}
