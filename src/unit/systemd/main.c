/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-systemd: what systemd is asked and told; its command line is in unit/internal.h. A program of its own, run on hosts
 * with systemd only, because libsystemd is no load for anything that stays. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
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

bool bus_is_absent(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
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

static int scope(int argc, char *argv[], struct err *err)
{
	uint64_t pid;

	return argc != 4 || str_uint(argv[3], 1, INT32_MAX, &pid) < 0 ? usage() : run_scope(argv, (pid_t)pid, err);
}

static int machine(int argc, char *argv[], struct err *err)
{
	uint64_t pid;

	return argc != 4 || str_uint(argv[2], 1, INT32_MAX, &pid) < 0
		       ? usage()
		       : machine_register(argv[0], argv[1], (pid_t)pid, argv[3], err);
}

static int firewalld(int argc, char *argv[], struct err *err)
{
	return argc != 2 ? usage() : firewalld_trust(argv[1], str_eq(argv[0], "add"), err);
}

static int resolved(int argc, char *argv[], struct err *err)
{
	return argc < 3 ? usage() : resolved_tell(argv[0], argv[1], (const char *const *)argv + 2, err);
}

/* name: which of its words the log has as who speaks. */
static const struct {
	const char *option;
	int name;
	int (*run)(int argc, char *argv[], struct err *err);
} jobs[] = {
	{ "--scope", 1, scope },
	{ "--machine", 0, machine },
	{ "--firewalld", 1, firewalld },
	{ "--resolved", 0, resolved },
};

int main(int argc, char *argv[])
{
	struct err err = { 0 };
	size_t i = 0;
	int r;

	while (i < ARRAY_SIZE(jobs) && (argc < 4 || !str_eq(argv[1], jobs[i].option)))
		i++;
	if (i == ARRAY_SIZE(jobs))
		return usage();
	signal(SIGPIPE, SIG_IGN); /* nobody need wait for an answer */
	log_to(STDERR_FILENO, LOG_INFO, argv[2 + jobs[i].name]);
	r = jobs[i].run(argc - 2, argv + 2, &err);
	if (r < 0)
		log_warn("%s", err.msg);
	return r < 0 ? EXIT_FAILURE : r;
}
