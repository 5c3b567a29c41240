/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cli/attend.h"
#include "cli/cli.h"
#include "life/glance.h"
#include "life/wait.h"
#include "mount/volume.h"
#include "store/last.h"
#include "unit/unit.h"

struct start_data {
	struct strv assign;
	const char *option; /* the one that changes this run; NULL: none */
	char *pidfile, *uuid;
	bool wait, foreground;
	uint64_t patience; /* CLOCK_NEVER: no end */
};

static int set_assignment(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	d->option = "-s";
	return strv_add(&d->assign, value) < 0 ? err_nomem(err) : 0;
}

static int set_forward(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	d->option = d->option ? d->option : "--forward";
	return cli_set_key(&d->assign, "forward.port+", value, err);
}

static int set_volume(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	d->option = d->option ? d->option : "-v";
	return mount_volume_assign(value, &d->assign, err);
}

static int set_pidfile(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;
	autofree char *folder = value[0] == '/' ? strdup("") : getcwd(NULL, 0);

	if (!*value)
		return err_set(err, EINVAL, "is empty, not a file");
	free(d->pidfile);
	d->option = "--pidfile";
	d->pidfile = folder ? str_fmt("%s%s%s", folder, *folder ? "/" : "", value) : NULL;
	return d->pidfile ? 0 : err_nomem(err);
}

static int set_uuid(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	free(d->uuid);
	d->uuid = strdup(value);
	return d->uuid ? 0 : err_nomem(err);
}

static int set_daemon(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	(void)value, (void)err;
	d->foreground = false;
	return 0;
}

static int set_wait(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	d->wait = true;
	d->patience = CLOCK_NEVER;
	return value ? cli_set_duration(value, &d->patience, err) : 0;
}

static int ended(const struct cli *cli, const char *name, struct err *err)
{
	autoclose int dir = store_container(&cli->store, name, NULL);
	struct last last;

	if (dir < 0 || last_read(dir, &last, NULL) < 0 || !last.oom_kills)
		return err_set(err, ECHILD, "ended before it was ready");
	return err_set(err, ENOMEM, "ended before it was ready: memory ran out (limits.memory), the kernel killed %" PRIu64,
		       last.oom_kills);
}

/* What --wait waits for. */
static void what_is_missing(const struct cli *cli, const char *name, struct str *out)
{
	autoclose int run = store_runtime(&cli->store, name, false, NULL);
	autocall(strv_done) struct strv ready = { 0 };
	const char *how = "notify";

	if (run >= 0 && glance_at(run, "spec", "init", "ready", &ready, NULL) >= 0 && ready.n)
		how = ready.v[ready.n - 1];
	if (str_starts(how, "port:"))
		str_addf(out, "nothing inside listens on TCP port %s (init.ready = %s)", how + strlen("port:"), how);
	else
		str_addf(out, "its init has not said READY=1 (init.ready = %s)", how);
}

#define SILENCE (5 * CLOCK_SECOND) /* before a terminal is told what is waited for */

static int wait_ready(const struct cli *cli, const char *name, uint64_t deadline, struct wire_status *ret, struct err *err)
{
	const unsigned ends = 1U << WIRE_STOPPED | 1U << WIRE_ABORTING;
	const uint64_t silent = cli_progress() ? clock_in(SILENCE) : CLOCK_NEVER;
	autocall(str_done) struct str missing = { 0 };
	int r = life_wait(&cli->store, name, ends, true, silent < deadline ? silent : deadline, ret, err);

	if (r != -ETIMEDOUT || silent >= deadline)
		return r;
	err_clear(err);
	what_is_missing(cli, name, &missing);
	fprintf(stderr, "mgr-start: %s: runs; waiting: %s\n", name, str_text(&missing));
	return life_wait(&cli->store, name, ends, true, deadline, ret, err);
}

/* How readiness was known is the answer of --wait. */
static int await_ready(const struct cli *cli, const char *name, uint64_t patience, struct err *err)
{
	struct wire_status status = { 0 };
	autocall(str_done) struct str missing = { 0 };
	int r = wait_ready(cli, name, clock_in(patience), &status, err);

	if (r == -ETIMEDOUT) {
		what_is_missing(cli, name, &missing);
		return err_set(err, ETIMEDOUT, "runs, but is not ready after %.3g s: %s",
			       (double)patience / (double)CLOCK_SECOND, str_text(&missing));
	}
	if (r < 0)
		return r;
	if (!status.ready)
		return ended(cli, name, err);
	printf("%s: ready (%s)\n", name, status.ready_how);
	return 0;
}

/* mgr-boot waits for a stop that is under way. */
static void tell_wait(const struct cli *cli, const char *name)
{
	if (cli_progress() && store_lock_peek(&cli->store, name, NULL) == STORE_STOPPING)
		fprintf(stderr, "mgr-start: %s: is stopping: waiting for its end\n", name);
}

static int attend(const struct cli *cli, const char *name, struct lib_start *start, struct err *err)
{
	struct lib_foreground how = { .console = true, .in = STDIN_FILENO, .out = STDOUT_FILENO };

	return cli_attend(cli, &cli->store, name, name, start, &how, err);
}

static int check(struct cli *cli)
{
	const struct start_data *d = cli->data;
	const char *one = d->foreground ? "--foreground" : d->pidfile ? "--pidfile" : d->uuid ? "--uuid" : NULL;

	if (cli->names.n > 1 && one)
		return cli_usage(cli, "one container only with %s", one);
	if (d->foreground && d->wait)
		return cli_usage(cli, "--wait and --foreground do not go together");
	return 0;
}

/* To a service of systemd's whose main process we are: it goes on in the supervisor. */
static int tell_manager(pid_t supervisor, struct err *err)
{
	char state[64];

	str_print(state, sizeof state, "MAINPID=%d\nREADY=1", (int)supervisor);
	return unit_notify(state, err);
}

/* While it starts, systemd stops us, its main process, and then kills what is left: such a stop waits for the supervisor,
 * which does it in order. */
static void hold_stop(sigset_t *ret_stop)
{
	sigemptyset(ret_stop);
	sigaddset(ret_stop, SIGTERM);
	sigprocmask(SIG_BLOCK, ret_stop, NULL);
}

static void pass_stop(const sigset_t *stop, pid_t supervisor)
{
	autoclose int pidfd = supervisor > 0 ? sys_pidfd_open(supervisor) : -1;
	sigset_t came;

	if (sigpending(&came) == 0 && sigismember(&came, SIGTERM) && pidfd >= 0) {
		sys_pidfd_send_signal(pidfd, SIGTERM);
		(void)fd_wait(pidfd, POLLIN, CLOCK_NEVER);
	}
	sigprocmask(SIG_UNBLOCK, stop, NULL); /* it ends us too */
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct start_data *d = cli->data;
	const bool service = cli->names.n == 1 && unit_is_awaited();
	pid_t supervisor = 0;
	sigset_t stop;
	struct lib_start start = {
		.assign = &d->assign,
		.uuid = d->uuid,
		.pidfile = d->pidfile,
		.client = -1,
		.pid = service ? &supervisor : NULL,
	};
	int r;

	tell_wait(cli, name);
	if (d->foreground)
		return attend(cli, name, &start, err);
	if (service)
		hold_stop(&stop);
	r = lib_start(&cli->store, name, &start, err);
	if (service)
		pass_stop(&stop, r == 0 ? supervisor : 0);
	if (r == 1 && d->option)
		return err_set(err, EBUSY, "runs already: %s has no effect on it", d->option);
	if (r == 1 && service)
		return err_set(err, EBUSY, "runs already, and not in this unit: stop it first");
	if (r >= 0 && d->wait)
		r = await_ready(cli, name, d->patience, err);
	return r < 0 ? r : service ? tell_manager(supervisor, err) : 0;
}

static bool is_attended(const void *data)
{
	const struct start_data *d = data;

	return d->foreground;
}

static void done(void *data)
{
	struct start_data *d = data;

	strv_done(&d->assign);
	free(d->pidfile);
	free(d->uuid);
}

static const struct option_row opts[] = {
	{ 's', "set", "KEY=VALUE", "Set a key of the configuration, for this run.", .set = set_assignment },
	{ 0, "forward", "FORWARD", "Forward a port of the host, for this run: tcp:8080:80.", .set = set_forward },
	{ 'v', "volume", "VOLUME", "Let it have a file or folder of the host's, for this run: HOST:CTR.",
	  .set = set_volume },
	{ 'F', "foreground", NULL, "Stay, with its console on this terminal, until it has ended.",
	  .flag = offsetof(struct start_data, foreground) },
	{ 'd', "daemon", NULL, "Return once it runs (the default).", .set = set_daemon },
	{ 'p', "pidfile", "FILE", "Write the supervisor's process id to FILE, for as long as it runs.", .set = set_pidfile },
	{ 0, "uuid", "UUID", "Start it only if this is the container's uuid.", .set = set_uuid },
	{ 0, "wait", "[S]", "Return when the guest is ready; exit 1 after S seconds.", .set = set_wait },
	{ 0 },
};

static const struct exit_row exits[] = {
	{ "125", "With --foreground: it could not be started, or how it ended is not known." },
	{ "128+N", "With --foreground: its init died of signal N; else this is the status of its init." },
	{ 0 },
};

const struct command cmd_start = {
	.name = "start",
	.args = "NAME...",
	.help = "Start a container.",
	.opts = opts,
	.exits = exits,
	.data_size = sizeof(struct start_data),
	.flags = CMD_EACH_NAME | CMD_MUST_EXIST | CMD_PARALLEL | CMD_STOPPED,
	.run = run,
	.check = check,
	.ours_125 = is_attended,
	.done = done,
};
