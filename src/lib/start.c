/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "boot/result.h"
#include "lib/internal.h"

#define EXIT_OURS 125
#define BOOT      MGR_LIBEXECDIR "/mgr-boot"

static int add_options(const struct lib_command *command, struct strv *argv)
{
	struct winsize size;
	unsigned mask = 0;
	int r = strv_add(argv, "--execute");

	for (int i = 0; i < 3; i++)
		mask |= command->stdio[i] >= 0 ? 1U << i : 0;
	if (command->user)
		r |= strv_add(argv, "--user") | strv_add(argv, command->user);
	if (ioctl(command->terminal, TIOCGWINSZ, &size) == 0)
		r |= strv_add(argv, "--window") | strv_addf(argv, "%ux%u", size.ws_row, size.ws_col);
	if (command->term)
		r |= strv_add(argv, "--term") | strv_add(argv, command->term);
	return r | strv_add(argv, "--stdio") | strv_addf(argv, "%u", mask);
}

int boot_argv(const struct store *store, const char *what, struct strv *argv)
{
	int r = strv_add(argv, BOOT) | strv_add(argv, what);

	if (!str_eq(store->containers, store->manager))
		r |= strv_add(argv, "-P") | strv_add(argv, store->containers);
	return r;
}

static int build_argv(const struct store *store, const char *name, const struct lib_start *how, struct strv *argv)
{
	int r = boot_argv(store, "--up", argv);

	if (how->client >= 0)
		r |= strv_add(argv, "--client") | strv_addf(argv, "%d", BOOT_CLIENT_FD);
	if (how->pid)
		r |= strv_add(argv, "--orphan");
	if (how->uuid)
		r |= strv_add(argv, "--uuid") | strv_add(argv, how->uuid);
	if (how->pidfile)
		r |= strv_add(argv, "-p") | strv_add(argv, how->pidfile);
	for (size_t i = 0; how->assign && i < how->assign->n; i++)
		r |= strv_add(argv, "-s") | strv_add(argv, how->assign->v[i]);
	if (how->command)
		r |= add_options(how->command, argv);
	r |= strv_add(argv, name);
	for (size_t i = 0; how->command && i < how->command->argv->n; i++)
		r |= strv_add(argv, how->command->argv->v[i]);
	return r;
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

/* Run it until it answers. */
static int ask_boot(const struct strv *argv, char *const env[], const struct lib_start *how, struct boot_result *ret,
		    struct err *err)
{
	autoclose int ours = -1, theirs = -1;
	struct proc_fd fds[5];
	size_t n = 0;
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	ours = pair[0];
	theirs = pair[1];
	fds[n++] = (struct proc_fd){ theirs, BOOT_RESULT_FD };
	if (how->client >= 0)
		fds[n++] = (struct proc_fd){ how->client, BOOT_CLIENT_FD };
	for (int i = 0; how->command && i < 3; i++)
		if (how->command->stdio[i] >= 0)
			fds[n++] = (struct proc_fd){ how->command->stdio[i], BOOT_STDIO_FD + i };
	pid = proc_spawn((const char *const *)argv->v, fds, n, env, err);
	if (pid < 0)
		return pid;
	close(steal_fd(&theirs));
	return read_result(ours, pid, ret, err);
}

int lib_await(const struct store *store, const char *name, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 }, env = { 0 };
	const struct lib_start how = { .client = -1 };
	struct boot_result result;
	int r;

	if ((boot_argv(store, "--await", &argv) | strv_add(&argv, name)) < 0)
		return err_nomem(err);
	r = environment_make(&env, NULL, err);
	if (r == 0)
		r = ask_boot(&argv, env.v, &how, &result, err);
	if (r == 0 && result.code && err)
		*err = result.err;
	return r < 0 ? r : -result.code;
}

int lib_start(const struct store *store, const char *name, const struct lib_start *how, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 }, env = { 0 };
	struct boot_result result;
	int r;

	if (how->exit_code)
		*how->exit_code = EXIT_OURS;
	if (build_argv(store, name, how, &argv) < 0)
		return err_nomem(err);
	r = environment_make(&env, NULL, err);
	if (r == 0)
		r = ask_boot(&argv, env.v, how, &result, err);
	if (r < 0)
		return r;
	if (result.code) {
		if (err)
			*err = result.err;
		if (how->exit_code && result.exit_code)
			*how->exit_code = result.exit_code;
		return -result.code;
	}
	if (how->pid)
		*how->pid = result.pid;
	return result.already ? 1 : 0;
}
