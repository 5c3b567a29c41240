/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/root.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "boot/result.h"
#include "lib/internal.h"

#define TRIES 3 /* it may start or stop while we look */

/* What mgr-boot --open has to say. 0; 1 when the container runs. */
static int take_answer(int sock, struct inside *ret, struct err *err)
{
	struct boot_result result;
	int fds[BOOT_OPEN_FDS] = { -1, -1, -1 };
	size_t n = 0;

	if (fd_recv(sock, &result, sizeof result, fds, BOOT_OPEN_FDS, &n) != sizeof result)
		return err_set(err, ECHILD, "mgr-boot ended early");
	inside_init(ret);
	ret->lock = fds[0];
	ret->tree = fds[1];
	ret->userns = fds[2];
	ret->idmapped = n == BOOT_OPEN_FDS;
	if (result.code) {
		*err = result.err;
		return -result.code;
	}
	if (!result.already && n < 2)
		return err_set(err, EPROTO, "mgr-boot gave an answer that makes no sense");
	return result.already ? 1 : 0;
}

static int open_at_rest(const struct store *store, const char *name, struct inside *ret, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 }, env = { 0 };
	autoclose int ours = -1, theirs = -1;
	int pair[2], r;
	pid_t pid;

	if (boot_argv(store, "--open", &argv) < 0 || strv_add(&argv, name) < 0)
		return err_nomem(err);
	r = environment_make(&env, NULL, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	pid = proc_spawn((const char *const *)argv.v, (const struct proc_fd[]){ { theirs, BOOT_RESULT_FD } }, 1, env.v, err);
	if (pid < 0)
		return pid;
	close(steal_fd(&theirs));
	r = take_answer(ours, ret, err);
	(void)proc_wait(pid, CLOCK_NEVER, NULL, NULL);
	return r;
}

int lib_root(const struct store *store, const char *name, struct inside *ret, struct err *err)
{
	int r = 1;

	for (int i = 0; i < TRIES && r == 1; i++) {
		r = inside_running(store, name, ret, err);
		if (r != -ESRCH)
			return r;
		err_clear(err);
		r = open_at_rest(store, name, ret, err);
		if (r != 0)
			inside_done(ret);
	}
	return r == 1 ? err_set(err, EBUSY, "starts and stops while it is looked at") : r;
}
