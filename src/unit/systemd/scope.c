/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transient scopes (org.freedesktop.systemd1(5), "StartTransientUnit"). */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "unit/systemd/systemd.h"
#include "unit/unit.h"

#define US(ns)      ((ns) / 1000)
#define CALL_TIME   (30 * CLOCK_SECOND)
#define JOB_TIME    (30 * CLOCK_SECOND)
/* A unit of the same name: the last run's supervisor is about to end, and the unit with it. */
#define GOING_TIME  CLOCK_SECOND
#define GOING_TIMES 10
#define STOP_TIME   (150 * CLOCK_SECOND) /* as in mgr@.service: the supervisor gives init 60 s, then undoes */

#define EXISTS "org.freedesktop.systemd1.UnitExists"

struct ask {
	sd_bus *bus;
	const char *unit;
	char *job; /* its path */
	bool done, gone;
	char result[24];
};

static void ask_done(struct ask *a)
{
	free(a->job);
	sd_bus_flush_close_unref(a->bus);
}

static int on_job(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct ask *a = data;
	const char *job, *result;

	(void)error;
	if (sd_bus_message_read(m, "uoss", NULL, &job, NULL, &result) < 0 || !a->job || !str_eq(job, a->job))
		return 0;
	a->done = true;
	(void)str_print(a->result, sizeof a->result, "%s", result);
	return 0;
}

static int on_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct ask *a = data;
	const char *unit;

	(void)error;
	if (sd_bus_message_read(m, "so", &unit, NULL) >= 0 && str_eq(unit, a->unit))
		a->gone = true;
	return 0;
}

/* Its own socket, which needs no bus; it is root's alone. */
static int connect_to(sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return sd_bus_open_system(ret);
	}
	*ret = bus;
	return 0;
}

static int ask_open(struct ask *a, struct err *err)
{
	int r = connect_to(&a->bus);

	if (r >= 0)
		r = sd_bus_match_signal(a->bus, NULL, NULL, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
					"JobRemoved", on_job, a);
	if (r >= 0)
		r = sd_bus_match_signal(a->bus, NULL, NULL, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
					"UnitRemoved", on_removed, a);
	if (r >= 0) /* on the system bus alone is it needed */
		r = sd_bus_call_method(a->bus, SYSTEMD, "Subscribe", NULL, NULL, NULL);
	return r < 0 ? bus_failed(err, r, NULL, "connect") : 0;
}

/* Hear signals until the flag is set. 0 or -ETIMEDOUT, -errno. */
static int hear(struct ask *a, const bool *flag, uint64_t ns)
{
	const uint64_t deadline = clock_in(ns);

	while (!*flag) {
		int r = sd_bus_process(a->bus, NULL);
		uint64_t now = clock_now();
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (now >= deadline)
			return -ETIMEDOUT;
		r = sd_bus_wait(a->bus, US(deadline - now));
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

/* mgr.service, which stops containers cleanly, is stopped before their scopes are: what is started later is stopped earlier
 * (systemd.unit(5), "Before="). Nothing of a mgr-netd's scope: named here it would be kept in memory when it has ended, and
 * the next mgr-netd could not have one. */
static int add_container(sd_bus_message *m)
{
	int r = sd_bus_message_append(m, "(sv)(sv)(sv)", "Delegate", "b", 1, "KillSignal", "i", UNIT_STOP_SIGNAL,
				      "TimeoutStopUSec", "t", US(STOP_TIME));

	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)", "Before", "as", 1, "mgr.service", "After", "as", 1,
					  "mgr-net.service");
	return r;
}

/* The network's service and a disk's server live longer than who uses them: such a one is not stopped with the machine, but
 * killed behind all units. So it is not in mgr.slice either, with which it would be stopped. */
static int add_lasting(sd_bus_message *m)
{
	return sd_bus_message_append(m, "(sv)", "DefaultDependencies", "b", 0);
}

static int build(const struct ask *a, const char *kind, const char *description, pid_t pid, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(a->bus, ret, SYSTEMD, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(*ret, "ss", a->unit, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(*ret, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(*ret, "(sv)(sv)(sv)(sv)(sv)", "Description", "s", description, "Slice", "s",
					  str_eq(kind, "lasting") ? "system.slice" : "mgr.slice", "PIDs", "au", 1,
					  (uint32_t)pid, "CollectMode", "s", "inactive-or-failed", "TasksMax", "t",
					  UINT64_MAX);
	if (r >= 0)
		r = str_eq(kind, "lasting") ? add_lasting(*ret) : add_container(*ret);
	if (r >= 0)
		r = sd_bus_message_close_container(*ret);
	return r < 0 ? r : sd_bus_message_append(*ret, "a(sa(sv))", 0);
}

/* systemd is told a number, which may be another's once that process has ended: a container's is who has started us. */
static bool has_ended(const char *kind, pid_t pid)
{
	return str_eq(kind, "container") && getppid() != pid;
}

/* One try. 1 when a unit of that name is there already. */
static int try_start(struct ask *a, const char *kind, const char *description, pid_t pid, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	const char *job;
	int r = build(a, kind, description, pid, &m);

	if (r >= 0 && has_ended(kind, pid)) {
		sd_bus_message_unref(m);
		return err_set(err, ESRCH, "%s: process %d has ended", a->unit, (int)pid);
	}
	if (r >= 0)
		r = sd_bus_call(a->bus, m, US(CALL_TIME), &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &job);
	if (r >= 0) {
		a->job = strdup(job);
		r = a->job ? 0 : -ENOMEM;
	}
	sd_bus_message_unref(m);
	sd_bus_message_unref(reply);
	if (r >= 0)
		return 0;
	bool exists = sd_bus_error_has_name(&error, EXISTS);
	r = bus_failed(err, r, &error, a->unit);
	return exists ? 1 : r;
}

/* The caller has the container's lock: whatever still is in a unit of that name is not in use. */
static void clear_away(struct ask *a, bool kill)
{
	sd_bus_call_method(a->bus, SYSTEMD, "ResetFailedUnit", NULL, NULL, "s", a->unit);
	if (!kill)
		return;
	sd_bus_call_method(a->bus, SYSTEMD, "KillUnit", NULL, NULL, "ssi", a->unit, "all", SIGKILL);
	sd_bus_call_method(a->bus, SYSTEMD, "StopUnit", NULL, NULL, "ss", a->unit, "replace");
}

static int start(struct ask *a, const char *kind, const char *description, pid_t pid, struct err *err)
{
	int r = try_start(a, kind, description, pid, err);

	for (int i = 0; r == 1 && i < GOING_TIMES; i++) {
		clear_away(a, i > 0);
		r = hear(a, &a->gone, GOING_TIME);
		if (r < 0 && r != -ETIMEDOUT)
			return bus_failed(err, r, NULL, "wait for its last run's unit to end");
		a->gone = false;
		err_clear(err);
		r = try_start(a, kind, description, pid, err);
	}
	return r == 1 ? -err->code : r;
}

int scope_start(const char *kind, const char *unit, const char *description, pid_t pid, struct err *err)
{
	autocall(ask_done) struct ask a = { .unit = unit };
	int r = ask_open(&a, err);

	if (r == 0)
		r = start(&a, kind, description, pid, err);
	if (r < 0)
		return r;
	r = hear(&a, &a.done, JOB_TIME);
	if (r < 0)
		return bus_failed(err, r, NULL, "wait for the unit's start");
	if (!str_eq(a.result, "done"))
		return err_set(err, EIO, "systemd: the start of %s ended as '%s'", unit, a.result);
	return 0;
}
