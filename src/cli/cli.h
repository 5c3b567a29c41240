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
#include "base/log.h"
#include "base/str.h"
#include "store/store.h"

#define EXIT_USAGE 64
#define EXIT_OURS  125

enum command_flags {
	CMD_EACH_NAME = 1 << 0,  /* names by -n and as words, one at least: run is called for each */
	CMD_ONE_NAME = 1 << 1,   /* exactly one name, by -n or as the first word */
	CMD_MAY_NAME = 1 << 2,   /* at most one name, by -n only; run gets NULL without */
	CMD_MUST_EXIST = 1 << 3, /* a name that is given must be a container's; else it need only be allowed */
	CMD_JSON = 1 << 4,       /* takes --json */
	/* Words that are not options or names go to struct cli's rest: */
	CMD_REST = 1 << 5,     /* everything from the first one on as it stands, or after "--" (attach) */
	CMD_WORDS = 1 << 6,    /* options may stand between them (verbs and their arguments) */
	CMD_TAIL = 1 << 7,     /* only what follows "--" (create); a -h or --help there needs no name */
	CMD_OURS_125 = 1 << 8, /* our own failures exit 125, bad usage included (attach, execute) */
	CMD_PARALLEL = 1 << 9, /* with CMD_EACH_NAME: several names are worked on at once, each in a process of its own */
	/* Which containers the command is of use for: completion offers these alone. None of them: all. */
	CMD_STOPPED = 1 << 10,
	CMD_RUNNING = 1 << 11,
	CMD_FROZEN = 1 << 12,
	CMD_FOLDER = 1 << 13, /* the folder of -P must be there */
};

/* An exit code that not every command has: for the manual page. */
struct exit_row {
	const char *code; /* "2" */
	const char *help; /* "It was not running." */
};

/* One option. arg says to completion what may stand there (completion/mgr.bash.in has a line for each word). set is called
 * with its value (NULL when it takes none); data is the command's own state, zeroed before. A command's row stands before a
 * common option of the same letter or name. */
struct option_row {
	char letter;      /* 0: long only */
	const char *name; /* NULL: letter only */
	const char *arg;  /* what its value is called in the help; NULL: takes none; "[S]": optional, as --name=S or -nS */
	const char *help;
	int (*set)(void *data, const char *value, struct err *err); /* 0, or -errno with the message; NULL: */
	size_t flag;                                                /* the bool at this place in data becomes true */
};

struct cli {
	const struct command *command;
	struct store store;
	struct strv names;
	struct strv rest; /* CMD_REST, CMD_WORDS, CMD_TAIL */
	bool json;
	/* A word behind an option whose value is optional, and that option: the word was perhaps meant as its value. */
	const char *loose_value, *loose_option;
	const char *path;     /* -P, NULL without */
	const char *log_path; /* -o, NULL without; already opened as this process's log */
	enum log_level log_level;
	bool log_level_given;
	void *data; /* command->data_size bytes, zeroed, then filled by the options */
};

struct command {
	const char *name; /* "start" of mgr-start */
	const char *args; /* "NAME...", "[-- COMMAND [ARG...]]"; verbs: "get KEY | set KEY VALUE", small letters, parted by "
			     | " */
	const char *help; /* one sentence */
	const struct option_row *opts; /* ends with {0}; NULL when it has none of its own */
	const struct exit_row *exits;  /* besides those that every command has; ends with {0}, may be NULL */
	size_t data_size;
	unsigned flags;
	/* name: the container, NULL for commands without. Returns an exit code >= 0, or -errno with err: then the frame
	 * prints "mgr-start: web: MESSAGE" and exits 1 (125 with CMD_OURS_125). */
	int (*run)(struct cli *cli, const char *name, struct err *err);
	/* NULL, or fills in what the command line lacks, before names are looked at: 0, or -errno. */
	int (*ask)(struct cli *cli, struct err *err);
	/* NULL, or looks at the command line as a whole, once, however many names it has: 0, or what cli_usage returned. */
	int (*check)(struct cli *cli);
	/* NULL, or: with these options, CMD_OURS_125 holds. */
	bool (*ours_125)(const void *data);
	/* NULL, or frees what the options allocated in data. */
	void (*done)(void *data);
};

/* The program's table, NULL-terminated: each program defines its own. */
extern const struct command *const cli_commands[];
/* For --describe: what else the program knows; may be NULL. */
extern void (*const cli_describe_more)(void);

/* A usage error found by a command itself: prints it with the line "try 'mgr-x -h'". Returns what run must return. */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for the first word of a command with verbs (CMD_MAY_NAME), which is none of "add, del and ls", or stands without
 * the name that it needs: perhaps it is that name. */
int cli_usage_verb(struct cli *cli, const char *name, const char *verbs);

/* Print "mgr-stop: web: MESSAGE" for a run that returns an exit code of its own. */
void cli_complain(const struct cli *cli, const char *name, const struct err *err);
/* Its run has ended: was anything of it lost? Then one line says so. */
bool cli_complain_loss(const struct cli *cli, const struct store *store, const char *name);

/* Is there a -h or --help in what follows "--"? */
bool cli_tail_help(const struct cli *cli);

/* stderr is a terminal: progress may be shown. */
bool cli_progress(void);

/* For option_row.set: the value as a row names it; each names what would be right, the frame adds the option. */
int cli_set_uint(const char *value, uint64_t min, uint64_t max, uint64_t *ret, struct err *err);
int cli_set_duration(const char *value, uint64_t *ret_ns, struct err *err);
/* An option that stands for a key: adds "KEY=VALUE". Where a key would be cleared by an empty value, an option has lost it.
 */
int cli_set_key(struct strv *set, const char *key, const char *value, struct err *err);

#endif
