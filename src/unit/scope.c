/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "unit/internal.h"

static int unit_name(const struct store *store, char separator, const char *name, char ret[static UNIT_NAME_MAX],
		     struct err *err)
{
	char base[UNIT_NAME_MAX];

	if (store_host_name(store, separator, name, base, sizeof base) < 0 ||
	    str_print(ret, UNIT_NAME_MAX, "%s.scope", base) < 0)
		return err_set(err, ENAMETOOLONG, "unit of '%s': name too long", name);
	return 0;
}

int unit_scope_name(const struct store *store, const char *name, char ret[static UNIT_NAME_MAX], struct err *err)
{
	return unit_name(store, '-', name, ret, err);
}

int unit_lasting_name(const struct store *store, const char *what, char ret[static UNIT_NAME_MAX], struct err *err)
{
	return unit_name(store, '.', what, ret, err);
}

int unit_scope_begin(const struct unit_scope *scope, struct err *err)
{
	static const char *const kinds[] = { [UNIT_CONTAINER] = "container", [UNIT_LASTING] = "lasting" };
	char of[12];
	const char *const argv[] = {
		UNIT_PROGRAM, "--scope", kinds[scope->kind], scope->name, scope->description, of, NULL
	};
	autoclose int from = -1, to = -1;
	struct proc_fd fds[] = { { .to = UNIT_ANSWER }, { scope->log, STDERR_FILENO } };
	int pair[2];
	pid_t pid;

	snprintf(of, sizeof of, "%d", (int)scope->pid);
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	from = pair[0];
	fds[0].from = to = pair[1];
	pid = proc_spawn(argv, fds, scope->log < 0 ? 1 : 2, NULL, err);
	return pid < 0 ? pid : steal_fd(&from);
}

int unit_scope_finish(int from, uint64_t deadline, struct err *err)
{
	autoclose int ours = from;
	struct err said = { 0 };
	int r = fd_wait(ours, POLLIN, deadline);
	ssize_t n;

	if (r < 0)
		return err_sys(err, -r, "wait for systemd");
	do
		n = read(ours, &said, sizeof said);
	while (n < 0 && errno == EINTR);
	if (n != sizeof said)
		return err_set(err, EIO, "mgr-systemd ended without an answer");
	said.msg[sizeof said.msg - 1] = '\0';
	return said.code ? err_set(err, said.code, "%s", said.msg) : 0;
}
