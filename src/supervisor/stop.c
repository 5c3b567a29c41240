/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending a run on request: a signal that asks init, and SIGKILL when it takes too long. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "supervisor/supervisor.h"

#define LOOK (20 * CLOCK_MS)

void supervisor_kill(struct supervisor *s)
{
	struct err err;
	int r = 0;

	if (s->init)
		sys_pidfd_send_signal(s->init_pidfd, SIGKILL);
	/* What has entered from outside, too; mgr-boot --down waits until nothing is left, on any layout. */
	if (s->cgroup_v2)
		r = file_write_at(s->cgroups[0], "cgroup.kill", "1", &err);
	if (r < 0 && r != -ENOENT) /* before Linux 5.14 there is none */
		log_warn("%s", err.msg);
}

static void out_of_patience(void *data)
{
	struct supervisor *s = data;

	log_warn("init has not ended in time: killing");
	s->reboot_wish = false;
	s->killed = true;
	supervisor_kill(s);
	freeze_end(s); /* somebody may have frozen it since */
}

/* The set of signals in the line NAME of /proc/PID/status. */
static uint64_t signal_set(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

/* While a process waits in sigtimedwait(2), the kernel shows what it waits for as not blocked. */
static bool waits_for_signals(const struct supervisor *s)
{
	char path[32], text[256];

	snprintf(path, sizeof path, "/proc/%d/syscall", (int)s->init);
	return file_read_small_at(AT_FDCWD, path, text, sizeof text, NULL) > 0 &&
	       strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

/* Does init take this signal, by a handler, a signalfd or sigtimedwait? */
static bool hears(const struct supervisor *s, int sig)
{
	char path[32], status[4096];

	snprintf(path, sizeof path, "/proc/%d/status", (int)s->init);
	if (file_read_small_at(AT_FDCWD, path, status, sizeof status, NULL) < 0)
		return true;
	return (signal_set(status, "\nSigCgt:") | signal_set(status, "\nSigBlk:")) >> (sig - 1) & 1 || waits_for_signals(s);
}

static void send_signal(const struct supervisor *s, int sig)
{
	if (sys_pidfd_send_signal(s->init_pidfd, sig) < 0)
		log_warn("send signal %d to init: %s", sig, strerror(errno));
}

/* There is no event for "it takes the signal now": look again and again. */
static void ask_again(void *data)
{
	struct supervisor *s = data;

	if (hears(s, s->asking))
		send_signal(s, s->asking);
	else
		loop_timer_start(s->loop, &s->ask, clock_in(LOOK));
}

/* The kernel drops a signal that the init of a pid namespace does not take (pid_namespaces(7)): one that has only just been
 * exec'd gets it again once it does. */
static void ask(struct supervisor *s, int sig)
{
	bool heard = hears(s, sig);

	send_signal(s, sig);
	if (heard)
		return;
	s->asking = sig;
	s->ask.fn = ask_again;
	s->ask.data = s;
	loop_timer_start(s->loop, &s->ask, clock_in(LOOK));
}

/* The signal that asks init for it; 0: kill. */
static int signal_for(const struct supervisor *s, uint32_t how)
{
	switch (how) {
	case WIRE_HALT:
		return s->halt_signal;
	case WIRE_REBOOT:
		return s->reboot_signal;
	default:
		return s->stop_signal == SIGKILL ? 0 : s->stop_signal;
	}
}

int supervisor_stop(struct supervisor *s, uint32_t how, uint64_t timeout, struct err *err)
{
	int sig;

	if (how > WIRE_REBOOT)
		return err_set(err, EBADMSG, "no such way to stop: %u", (unsigned)how);
	if (s->reboot_rest.deadline != CLOCK_NEVER) { /* nothing runs */
		if (how != WIRE_REBOOT) {
			s->once = true;
			loop_timer_start(s->loop, &s->reboot_rest, clock_now());
		}
		return 0;
	}
	if (!s->init)
		return err_set(err, ESRCH, "init has ended already");
	supervisor_stopped(s);
	s->asked = true;
	s->reboot_wish = how == WIRE_REBOOT;
	sig = signal_for(s, how);
	supervisor_enter(s, WIRE_STOPPING);
	if (sig == 0) {
		s->killed = true;
		supervisor_kill(s);
		freeze_end(s); /* v1: what is frozen does not die */
		return 0;
	}
	s->kill.fn = out_of_patience;
	s->kill.data = s;
	loop_timer_start(s->loop, &s->kill, clock_in(timeout));
	ask(s, sig);
	freeze_end(s); /* it runs on, and finds the signal */
	return 0;
}

void supervisor_left_alone(struct supervisor *s)
{
	s->attends = NULL;
	if (!s->init || s->state == WIRE_STOPPING)
		return;
	log_info("mgr-execute is gone: stopping");
	(void)supervisor_stop(s, WIRE_HALT, SUPERVISOR_PATIENCE, &(struct err){ 0 });
}

void supervisor_stopped(struct supervisor *s)
{
	loop_timer_stop(s->loop, &s->ask);
	loop_timer_stop(s->loop, &s->kill);
}
