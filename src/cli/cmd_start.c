/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "boot/result.h"
#include "cli/cli.h"
#include "life/wait.h"
#include "store/last.h"

#define BOOT MGR_LIBEXECDIR "/mgr-boot"

struct start_data {
	struct strv assign;
	const char *option; /* the one that changes this run; NULL: none */
	bool wait;
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
	return strv_addf(&d->assign, "forward.port+=%s", value) < 0 ? err_nomem(err) : 0;
}

static int set_wait(void *data, const char *value, struct err *err)
{
	struct start_data *d = data;

	d->wait = true;
	d->patience = CLOCK_NEVER;
	return value ? cli_set_duration(value, &d->patience, err) : 0;
}

static int build_argv(const struct cli *cli, const char *name, struct strv *argv)
{
	const struct start_data *d = cli->data;
	int r = strv_add(argv, BOOT);

	r |= strv_add(argv, "--up");
	if (!str_eq(cli->store.containers, cli->store.manager))
		r |= strv_add(argv, "-P") | strv_add(argv, cli->store.containers);
	for (size_t i = 0; i < d->assign.n; i++)
		r |= strv_add(argv, "-s") | strv_add(argv, d->assign.v[i]);
	return r | strv_add(argv, name);
}

/* mgr-boot works in another folder. */
static int absolute_root(struct err *err)
{
	const char *root = getenv("MGR_ROOT");
	autofree char *absolute = root ? realpath(root, NULL) : NULL;

	if (root && absolute && setenv("MGR_ROOT", absolute, 1) < 0)
		return err_nomem(err);
	return 0;
}

static int read_result(int fd, pid_t pid, struct boot_result *ret, struct err *err)
{
	char text[48];
	ssize_t n;
	int status;

	do
		n = read(fd, ret, sizeof *ret);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof *ret)
		return 0;
	if (proc_wait(pid, clock_in(CLOCK_SECOND), &status, err) < 0)
		return err_wrap(err, "mgr-boot went silent");
	return err_set(err, ECHILD, "mgr-boot ended early: %s", proc_status_text(status, text));
}

static int start(const struct cli *cli, const char *name, struct boot_result *ret, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	autoclose int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (build_argv(cli, name, &argv) < 0)
		return err_nomem(err);
	if (absolute_root(err) < 0)
		return -err->code;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	ours = pair[0];
	theirs = pair[1];
	pid = proc_spawn((const char *const *)argv.v, (const struct proc_fd[]){ { theirs, BOOT_RESULT_FD } }, 1, NULL, err);
	if (pid < 0)
		return pid;
	close(steal_fd(&theirs));
	return read_result(ours, pid, ret, err);
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

/* How readiness was known is the answer of --wait. */
static int await_ready(const struct cli *cli, const char *name, uint64_t patience, struct err *err)
{
	struct wire_status status = { 0 };
	int r = life_wait(&cli->store, name, 1U << WIRE_STOPPED | 1U << WIRE_ABORTING, true, clock_in(patience), &status,
			  err);

	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "runs, but is not ready after %.3g s",
			       (double)patience / (double)CLOCK_SECOND);
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
	if (cli_progress() && store_lock_peek(&cli->store, name) == STORE_STOPPING)
		fprintf(stderr, "mgr-start: %s: is stopping: waiting for its end\n", name);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct start_data *d = cli->data;
	struct boot_result result;
	int r;

	tell_wait(cli, name);
	r = start(cli, name, &result, err);

	if (r == 0 && result.code) {
		*err = result.err;
		r = -result.code;
	}
	if (r == 0 && result.already && d->option)
		return err_set(err, EBUSY, "runs already: %s has no effect on it", d->option);
	return r == 0 && d->wait ? await_ready(cli, name, d->patience, err) : r;
}

static void done(void *data)
{
	struct start_data *d = data;

	strv_done(&d->assign);
}

static const struct option_row opts[] = {
	{ 's', "set", "KEY=VALUE", "Set a key of the configuration, for this run.", set_assignment },
	{ 0, "forward", "FORWARD", "Forward a port of the host, for this run: tcp:8080:80.", set_forward },
	{ 0, "wait", "[S]", "Return when the guest is ready; exit 1 after S seconds.", set_wait },
	{ 0, NULL, NULL, NULL, NULL },
};

const struct command cmd_start = {
	.name = "start",
	.args = "NAME...",
	.help = "Start a container.",
	.opts = opts,
	.data_size = sizeof(struct start_data),
	.flags = CMD_EACH_NAME | CMD_MUST_EXIST,
	.run = run,
	.done = done,
};
