/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr(1): one file a command, one table of commands. What every command has (names, -P, -n, -l, -o, -h, --json, "no such
 * container", several names, exit codes) comes from here; a command file is its options, its run, and nothing else.
 *
 * Two programs are built from it, both installed under the name of each command: mgr, which links only the C library and
 * holds the commands that must be fast, and mgr-manage in libexec with the others (they read and write configurations). */
#ifndef MGR_CLI_CLI_H
#define MGR_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

#define EXIT_USAGE 64
#define EXIT_OURS  125

enum command_flags {
	CMD_EACH_NAME = 1 << 0, /* -n may be repeated, and names may follow: run is called for each */
	CMD_ONE_NAME = 1 << 1,  /* exactly one name, by -n */
	CMD_MUST_EXIST = 1 << 2,
	CMD_JSON = 1 << 3, /* takes --json */
	CMD_REST = 1 << 4, /* words that are not options go to struct cli's rest (after "--", or from the first one on) */
	CMD_OURS_125 = 1 << 5, /* our own failures exit 125 (attach, execute) */
};

/* One option. set is called with its value (NULL when it takes none); data is the command's own state, cleared before. */
struct option_row {
	char letter;      /* 0: long only */
	const char *name; /* NULL: letter only */
	const char *arg;  /* what its value is called in the help; NULL: takes none; "[S]": optional, as --name=S */
	const char *help;
	int (*set)(void *data, const char *value, struct err *err); /* 0, or -errno with the message */
};

struct cli {
	const struct command *command;
	struct store store;
	struct strv names;
	struct strv rest; /* CMD_REST */
	bool json;
	void *data; /* command->data_size bytes, zeroed, then filled by the options */
};

struct command {
	const char *name;              /* "start" of mgr-start */
	const char *args;              /* "NAME...", "[-- COMMAND [ARG...]]" */
	const char *help;              /* one sentence */
	const struct option_row *opts; /* ends with {0} */
	size_t data_size;
	unsigned flags;
	/* name: the container, NULL for commands without. Returns an exit code >= 0, or -errno with err: then the frame
	 * prints "mgr-start: web: MESSAGE" and exits 1 (125 with CMD_OURS_125). */
	int (*run)(struct cli *cli, const char *name, struct err *err);
	/* NULL, or frees what the options allocated in data. */
	void (*done)(void *data);
};

/* The program's table, NULL-terminated: each program defines its own. */
extern const struct command *const cli_commands[];

/* A usage error found by a command itself: exits 64 through the frame. Returns what run must return. */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* stderr is a terminal: progress may be shown. */
bool cli_progress(void);

#endif
