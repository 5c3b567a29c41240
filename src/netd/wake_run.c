/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is started for what waits: mgr-start and mgr-unfreeze, as a user would type them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "netd/wake_internal.h"

#define PATIENCE   (120 * CLOCK_SECOND) /* about as long as a TCP of the other side's asks again (tcp(7), tcp_syn_retries) */
#define TELL_TIME  (10 * CLOCK_SECOND)  /* for its supervisor, to say that it is so */
#define READY_TIME (5 * CLOCK_SECOND)   /* once it is ready, for services that are not */
#define RESULT     3                    /* of mgr-boot's answer, which is for others */
#define LOOK_FIRST (5 * CLOCK_MS)
#define LOOK_MOST  (200 * CLOCK_MS)

struct run {
	struct waker *waker; /* NULL: nobody wants to know */
	struct loop *loop;
	struct loop_io *io;
	pid_t pid;
	int pidfd;
	const char *what;
	bool freezes;
};

static void ended(void *data, uint32_t events)
{
	struct run run = *(struct run *)data;
	struct waker *w = run.waker;
	char text[48];
	int status = -1;

	(void)events;
	loop_io_remove(run.loop, run.io);
	close(run.pidfd);
	free(data);
	proc_wait(run.pid, clock_in(CLOCK_SECOND), &status, NULL);
	if (!w)
		return;
	w->run = NULL;
	if (run.freezes) {
		waker_by_us(w, status == 0 && w->state != WAKER_AWAKE);
		waker_check_frozen(w);
	}
	if (status == 0) {
		if (run.freezes)
			return;
		if (w->state == WAKER_RESTS || w->state == WAKER_FROZEN)
			loop_timer_start(run.loop, &w->timer, clock_in(TELL_TIME));
		return;
	}
	log_warn("'%s': %s has failed: %s", w->self.join->name, run.what, proc_status_text(status, text));
	if (w->state == WAKER_RESTS || w->state == WAKER_FROZEN) {
		waker_failed(w);
		waker_read_config(w);
	}
}

/* With as many descriptors as we might have had ourselves. Its complaints go to our log. */
static struct run *start(const struct netd *netd, const char *const argv[], const char *what, struct err *err)
{
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct proc_fd fds[] = { { null, RESULT }, { log_fd(), STDERR_FILENO } };
	struct run *run = calloc(1, sizeof *run);
	struct rlimit ours = { 0 };

	if (!run) {
		err_nomem(err);
		return NULL;
	}
	getrlimit(RLIMIT_NOFILE, &ours);
	setrlimit(RLIMIT_NOFILE, &netd->files);
	*run = (struct run){ .loop = netd->loop,
			     .what = what,
			     .pid = proc_spawn(argv, fds, log_fd() < 0 ? 1 : 2, NULL, err) };
	setrlimit(RLIMIT_NOFILE, &ours);
	if (run->pid > 0)
		run->pidfd = sys_pidfd_open(run->pid);
	if (run->pid > 0 && run->pidfd >= 0)
		run->io = loop_io_add(netd->loop, run->pidfd, EPOLLIN, ended, run);
	if (run->io)
		return run;
	if (run->pid > 0)
		err_sys(err, errno, "watch %s", what);
	free(run);
	return NULL;
}

static bool start_command(struct waker *w, const char *const argv[])
{
	struct err err = { 0 };

	w->run = start(w->netd, argv, strrchr(argv[0], '/') + 1, &err);
	if (!w->run)
		log_error("'%s': %s", w->self.join->name, err.msg);
	else
		w->run->waker = w;
	return w->run;
}

/* One that runs: it stands behind its connection. */
static bool start_on_it(struct waker *w, const char *program)
{
	const struct wire_net_join *join = w->self.join;

	return start_command(w, (const char *const[]){ program, "-P", join->store, "-n", join->name, NULL });
}

/* There may be another one of its name by now. */
static bool start_it(struct waker *w)
{
	const struct wire_net_join *join = w->self.join;

	return start_command(w, (const char *const[]){ MGR_BINDIR "/mgr-start", "-P", join->store, "--uuid", join->uuid,
						       "-n", join->name, NULL });
}

void waker_freeze(struct waker *w)
{
	if (w->run)
		return;
	log_info("'%s' has had no connection for %.3g s: mgr-freeze", w->self.join->name, w->self.join->idle / 1000.0);
	waker_by_us(w, start_on_it(w, MGR_BINDIR "/mgr-freeze"));
	if (w->run)
		w->run->freezes = true;
}

static void begin(struct waker *w)
{
	const bool frozen = w->state == WAKER_FROZEN;

	log_info("'%s' is wanted: %s", w->self.join->name, frozen ? "mgr-unfreeze" : "mgr-start");
	w->not_before = 0;
	if (frozen ? start_on_it(w, MGR_BINDIR "/mgr-unfreeze") : start_it(w)) {
		w->deadline = clock_in(PATIENCE);
		loop_timer_start(w->netd->loop, &w->timer, w->deadline);
		return;
	}
	waker_failed(w);
}

void waker_check_frozen(struct waker *w)
{
	if (w->state == WAKER_FROZEN && !w->run && (w->n || (w->frozen_by_us && waker_is_used(w))))
		begin(w);
}

void waker_run(struct waker *w)
{
	if (w->state == WAKER_RESTS || w->state == WAKER_FROZEN) {
		if (w->run || w->timer.deadline != CLOCK_NEVER)
			return;
		if (clock_now() >= w->not_before)
			begin(w);
		else
			loop_timer_start(w->netd->loop, &w->timer, w->not_before);
	} else if (w->state == WAKER_COMES && !w->interval) {
		w->init = 0;
		w->ready = CLOCK_NEVER;
		w->interval = LOOK_FIRST;
		w->deadline = clock_in(PATIENCE);
		loop_timer_start(w->netd->loop, &w->timer, clock_in(w->interval));
	}
}

void waker_look_again(void *data)
{
	struct waker *w = data;

	if (w->state == WAKER_COMES) {
		if (waker_is_awaited(w) || clock_now() >= w->deadline ||
		    (w->ready != CLOCK_NEVER && clock_now() >= w->ready + READY_TIME)) {
			waker_awake(w);
			return;
		}
		w->interval = 2 * w->interval < LOOK_MOST ? 2 * w->interval : LOOK_MOST;
		loop_timer_start(w->netd->loop, &w->timer, clock_in(w->interval));
	} else if (w->n && w->not_before && clock_now() >= w->not_before) {
		w->not_before = 0;
		waker_run(w);
	} else if (w->n) {
		log_warn("'%s' has not come in time", w->self.join->name);
		waker_failed(w);
	}
}

void waker_rest(struct waker *w, bool gone)
{
	loop_timer_stop(w->netd->loop, &w->timer);
	w->interval = 0;
	if (gone && w->run)
		w->run->waker = NULL;
}

void waker_read_config(const struct waker *w)
{
	const struct wire_net_join *join = w->self.join;
	const char *const argv[] = {
		MGR_LIBEXECDIR "/mgr-boot", "--await", "-P", join->store, "--uuid", join->uuid, join->name, NULL
	};
	struct err err = { 0 };

	if (!start(w->netd, argv, "mgr-boot", &err))
		log_error("'%s': %s", join->name, err.msg);
}
