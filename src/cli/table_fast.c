/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of mgr: fast ones, the C library is all that they link. */
#include "cli/cli.h"
#include "cli/look.h"

void (*const cli_describe_more)(void) = look_describe;

extern const struct command cmd_attach;
extern const struct command cmd_cgroup;
extern const struct command cmd_checkconfig;
extern const struct command cmd_console;
extern const struct command cmd_forward;
extern const struct command cmd_freeze;
extern const struct command cmd_info;
extern const struct command cmd_log;
extern const struct command cmd_ls;
extern const struct command cmd_monitor;
extern const struct command cmd_pull;
extern const struct command cmd_push;
extern const struct command cmd_start;
extern const struct command cmd_stop;
extern const struct command cmd_unfreeze;
extern const struct command cmd_wait;

/* clang-format off */
const struct command *const cli_commands[] = {
	&cmd_attach,
	&cmd_cgroup,
	&cmd_checkconfig,
	&cmd_console,
	&cmd_forward,
	&cmd_freeze,
	&cmd_info,
	&cmd_log,
	&cmd_ls,
	&cmd_monitor,
	&cmd_pull,
	&cmd_push,
	&cmd_start,
	&cmd_stop,
	&cmd_unfreeze,
	&cmd_wait,
	NULL,
};
