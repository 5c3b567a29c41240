/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-systemd: what systemd is asked and told; its command line is in unit/internal.h. A program of its own, run on hosts
 * with systemd only, because libsystemd is no load for anything that stays. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "unit/internal.h"
#include "unit/systemd/systemd.h"

int bus_failed(struct err *err, int r, sd_bus_error *error, const char *what)
{
	const int code = r < 0 ? -r : EIO;

	if (error && sd_bus_error_is_set(error))
		err_set(err, code, "systemd: %s: %s", what, error->message ? error->message : error->name);
	else
		err_sys(err, code, "systemd: %s", what);
	sd_bus_error_free(error);
	return -code;
}

static int run_scope(char *argv[], pid_t pid, struct err *err)
{
	int r = scope_start(argv[0], argv[1], argv[2], pid, err);

	(void)!write(UNIT_ANSWER, err, sizeof *err);
	return r;
}

static int usage(void)
{
	fputs("mgr-systemd: not for the command line; mgr-boot runs it\n", stderr);
	return 64;
}

int main(int argc, char *argv[])
{
	const bool scope = argc > 1 && str_eq(argv[1], "--scope");
	struct err err = { 0 };
	uint64_t pid;
	int r;

	if (argc != 6 || (!scope && !str_eq(argv[1], "--machine")) || str_uint(argv[scope ? 5 : 4], 1, INT32_MAX, &pid) < 0)
		return usage();
	signal(SIGPIPE, SIG_IGN); /* nobody need wait for an answer */
	log_to(STDERR_FILENO, LOG_INFO, argv[scope ? 3 : 2]);
	r = scope ? run_scope(argv + 2, (pid_t)pid, &err) : machine_register(argv[2], argv[3], (pid_t)pid, argv[5], &err);
	if (r < 0)
		log_warn("%s", err.msg);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
