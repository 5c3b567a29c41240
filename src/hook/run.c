/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "hook/internal.h"

bool hook_any(const struct hook_conf *conf, enum hook_type type)
{
	return conf->of[type].n > 0;
}

#define PIPE_SIZE 65536 /* pipe(7) */

/* What is there now; one that prints on and on does not keep us. */
static void drain(int from, struct hook_output *out)
{
	char bytes[4096];
	ssize_t n;

	for (size_t done = 0; done < PIPE_SIZE && (n = read(from, bytes, sizeof bytes)) > 0; done += (size_t)n)
		hook_output_add(out, bytes, (size_t)n);
}

/* Log what comes until the hook has ended. What it left in the background may go on, and hold the pipe: that is not waited
 * for. -ETIMEDOUT. */
static int follow(int pidfd, int from, uint64_t deadline, struct hook_output *out)
{
	struct pollfd p[] = { { .fd = pidfd, .events = POLLIN }, { .fd = from, .events = POLLIN } };

	while (!p[0].revents) {
		int r = poll(p, ARRAY_SIZE(p), clock_left_ms(deadline));
		if (r == 0 || clock_now() >= deadline)
			return -ETIMEDOUT;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (p[1].revents)
			drain(from, out);
		if (p[1].revents & POLLHUP)
			p[1].fd = -1;
	}
	drain(from, out);
	return 0;
}

static int judge(const char *path, int status, const struct hook_output *out, struct err *err)
{
	char text[48];

	if (status == 0)
		return 0;
	return err_set(err, ECANCELED, "'%s': %s%s%s", path, proc_status_text(status, text), out->last[0] ? ": " : "",
		       out->last);
}

static int await(const char *path, pid_t pid, int from, uint64_t timeout, struct hook_output *out, struct err *err)
{
	autoclose int pidfd = sys_pidfd_open(pid);
	int r = pidfd < 0 ? -errno : follow(pidfd, from, clock_in(timeout), out), status = 0;

	if (r < 0)
		kill(-pid, SIGKILL); /* its session */
	proc_wait(pid, CLOCK_NEVER, &status, NULL);
	hook_output_end(out);
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "'%s' has not ended within hook.timeout, %ju ms: killed%s%s", path,
			       (uintmax_t)(timeout / CLOCK_MS), out->last[0] ? ": " : "", out->last);
	return r < 0 ? err_sys(err, -r, "wait for '%s'", path) : judge(path, status, out, err);
}

static int run(const char *command, const struct hook_call *call, const struct hook_facts *facts, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 }, env = { 0 };
	struct hook_output out = { .who = call->type };
	int pipe[2];
	pid_t pid;

	if (facts->places && hook_check(command, facts->places, err) < 0)
		return -err->code;
	if (strv_add_words(&argv, command) < 0 || hook_environment(facts, call, &env) < 0 ||
	    hook_arguments(facts, call, &argv, &env) < 0)
		return err_nomem(err);
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	autoclose int from = pipe[0];
	const struct proc_fd fds[] = { { pipe[1], 1 }, { pipe[1], 2 } };
	pid = fd_set_nonblock(from) < 0 ? err_sys(err, errno, "read '%s'", argv.v[0])
					: proc_spawn_session((const char *const *)argv.v, fds, 2, env.v, false, err);
	close(pipe[1]);
	if (pid < 0)
		return pid;
	log_debug("%s: %s runs", call->type, command);
	return await(argv.v[0], pid, from, call->timeout, &out, err);
}

int hook_run(const struct hook_conf *conf, enum hook_type type, const struct hook_facts *facts, struct err *err)
{
	const struct hook_call call = {
		.section = "lxc",
		.type = hook_names[type],
		.rootfs_mount = type == HOOK_START ? "/" : HOOK_ROOTFS_MOUNT,
		.timeout = conf->timeout,
	};

	for (size_t i = 0; i < conf->of[type].n; i++) {
		int r = run(conf->of[type].v[i], &call, facts, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int hook_run_script(const struct hook_script *script, const struct hook_facts *facts, struct err *err)
{
	const struct hook_call call = {
		.section = "net",
		.type = script->event,
		.rootfs_mount = HOOK_ROOTFS_MOUNT,
		.net_type = script->type,
		.net_device = script->device,
		.timeout = script->timeout,
	};

	return run(script->command, &call, facts, err);
}
