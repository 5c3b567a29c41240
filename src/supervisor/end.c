/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children, and the end of a run: init's exit, then its undoing by mgr-boot --down, or another run by mgr-boot --reboot. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "boot/result.h"
#include "store/last.h"
#include "supervisor/supervisor.h"

#define BOOT    MGR_LIBEXECDIR "/mgr-boot"
#define LOCK_FD 3

#define SHORT_RUN        CLOCK_SECOND
#define REBOOT_REST      (100 * CLOCK_MS) /* after the first short run */
#define REBOOT_REST_MOST (5 * CLOCK_SECOND)

static void write_last(const struct supervisor *s)
{
	struct last last = { .status = s->init_status,
			     .killed = s->killed,
			     .oom_kills = s->oom.kills,
			     .started = s->started,
			     .run = s->run };
	struct timespec now;
	struct last before;
	struct err err;

	if (s->run && !s->told && s->folder >= 0 && last_read(s->folder, &before, NULL) == 0)
		memcpy(last.lost, before.lost, sizeof last.lost); /* before a reboot that nobody has asked for */
	clock_gettime(CLOCK_REALTIME, &now);
	last.ended = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	if (s->folder >= 0 && last_write(s->folder, &last, &err) < 0)
		log_warn("%s", err.msg);
}

/* STOPPED is said when it is so: after everything was undone and the lock went. */
static void finish(struct supervisor *s, bool undone)
{
	debug_point("supervisor", "after-down");
	close(s->lock);
	s->lock = -1;
	viewers_end(s);
	supervisor_enter(s, undone ? WIRE_STOPPED : WIRE_ABORTING);
	loop_quit(s->loop);
}

static void let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* It keeps its mounts and its network: only mgr-boot may, as long as it needs them. */
static void let_go_of_all(struct supervisor *s)
{
	while (s->n_namespaces > 0)
		let_go(&s->namespaces[--s->n_namespaces]);
	let_go(&s->disk);
	let_go(&s->storage_use);
}

static void start_down(struct supervisor *s)
{
	char number[12], namespaces[12];
	const char *argv[13] = { BOOT, "--down", "--lock", number, "--namespaces", namespaces };
	struct proc_fd fds[3 + HANDOVER_NAMESPACES] = { { s->lock, LOCK_FD } };
	struct err err;
	size_t n = 6, n_fds = 1;

	snprintf(number, sizeof number, "%d", LOCK_FD);
	snprintf(namespaces, sizeof namespaces, "%u", (unsigned)s->n_namespaces);
	for (uint32_t i = 0; i < s->n_namespaces; i++)
		fds[n_fds++] = (struct proc_fd){ s->namespaces[i], BOOT_NAMESPACES_FD + (int)i };
	if (s->disk >= 0) {
		fds[n_fds++] = (struct proc_fd){ s->disk, BOOT_DISK_FD };
		argv[n++] = "--disk";
	}
	if (s->unserved)
		argv[n++] = "--unserved";
	if (s->failing)
		argv[n++] = "--failing";
	if (s->log >= 0)
		fds[n_fds++] = (struct proc_fd){ s->log, 2 };
	if (s->path[0]) {
		argv[n++] = "-P";
		argv[n++] = s->path;
	}
	argv[n++] = s->name;
	debug_point("supervisor", "before-down");
	let_go(&s->storage_use); /* so that mgr-boot sees whether others use it */
	s->down = proc_spawn(argv, fds, n_fds, NULL, &err);
	let_go_of_all(s);
	if (s->down > 0)
		return;
	log_error("undo: %s", err.msg);
	s->down = 0;
	finish(s, false);
}

/* In place, so that the same process stays the parent. What is blocked stays so: a stop that comes meanwhile waits for the
 * next supervisor. Returns when it cannot be done. */
static void reboot(struct supervisor *s)
{
	const int reset[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ };
	struct err err;
	int fd = hand_over(s, &err);
	char number[12];

	if (fd < 0) {
		log_error("reboot: %s", err.msg);
		return;
	}
	snprintf(number, sizeof number, "%d", fd);
	debug_point("supervisor", "before-reboot");
	for (size_t i = 0; i < ARRAY_SIZE(reset); i++)
		signal(reset[i], SIG_DFL);
	execl(BOOT, BOOT, "--reboot", number, (char *)NULL);
	log_error("reboot: run '%s': %s", BOOT, strerror(errno));
	close(fd);
}

/* The guest asked for a reboot: init then ends by SIGHUP (reboot(2)). */
static bool rebooted(const struct supervisor *s)
{
	return WIFSIGNALED(s->init_status) && WTERMSIG(s->init_status) == SIGHUP;
}

/* It did, and nobody has asked us for a stop meanwhile. */
static bool reboots(const struct supervisor *s)
{
	return rebooted(s) && !s->once && (s->state != WIRE_STOPPING || s->reboot_wish);
}

/* The run is over: undo, and end. */
static void end(struct supervisor *s)
{
	loop_timer_stop(s->loop, &s->reboot_rest);
	netd_stop(s);
	supervisor_enter(s, WIRE_STOPPING);
	start_down(s);
}

static void rested(void *data)
{
	struct supervisor *s = data;

	if (!s->once) /* a stop has come meanwhile */
		reboot(s);
	end(s);
}

/* An init that reboots as soon as it runs would keep the host busy: the more such runs in a row, the longer the wait.
 * Returns false when there is none. */
static bool reboot_later(struct supervisor *s)
{
	uint64_t wait;

	if (clock_now() - s->since >= SHORT_RUN) {
		s->short_runs = 0;
		return false;
	}
	wait = REBOOT_REST << (s->short_runs < 8 ? s->short_runs : 8);
	wait = wait < REBOOT_REST_MOST ? wait : REBOOT_REST_MOST;
	s->short_runs++;
	log_warn("reboot: the run was short: waiting for %u ms", (unsigned)(wait / CLOCK_MS));
	s->reboot_rest.fn = rested;
	s->reboot_rest.data = s;
	loop_timer_start(s->loop, &s->reboot_rest, clock_in(wait));
	return true;
}

static void init_ended(struct supervisor *s, int status)
{
	const struct last last = { .status = status, .killed = s->killed };
	char text[48];

	log_info("init ended: %s", last_ending(&last, text));
	s->init = 0;
	s->ended = true;
	s->init_status = status;
	supervisor_stopped(s);
	freeze_end(s);
	ready_stop(s);
	oom_stop(s);
	served_stop(s);
	failing_stop(s);
	debug_point("supervisor", "init-exited");
	console_finish(s);
	write_last(s);
	if (!device_end(s))
		supervisor_run_over(s);
}

void supervisor_run_over(struct supervisor *s)
{
	if (reboots(s)) {
		supervisor_enter(s, WIRE_STARTING);
		if (reboot_later(s))
			return;
		reboot(s);
	}
	end(s);
}

static void down_ended(struct supervisor *s, int status)
{
	char text[48];

	s->down = 0;
	if (status)
		log_error("undo: mgr-boot --down: %s", proc_status_text(status, text));
	finish(s, status == 0);
}

void supervisor_reap(struct supervisor *s)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == s->init)
			init_ended(s, status);
		else if (pid == s->down)
			down_ended(s, status);
		else
			device_reap(s, pid, status);
}

/* The init of a pid namespace ends by SIGINT at a power-off (reboot(2)). */
bool supervisor_ended_well(const struct supervisor *s)
{
	const int status = s->init_status;

	if (s->state != WIRE_STOPPED)
		return false;
	return s->asked || status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) || rebooted(s);
}
