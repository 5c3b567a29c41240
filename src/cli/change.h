/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* add, del and ls of what a container has, while it runs and, with --save, in its configuration. */
#ifndef MGR_CLI_CHANGE_H
#define MGR_CLI_CHANGE_H

#include "cli/cli.h"

struct change_data { /* the command's */
	bool save;
};

extern const struct option_row change_opts[];

/* By the verb, which is cli->rest.v[0]; what is wrong with how it was called is said here. */
int change_run(struct cli *cli, const char *name,
	       int (*change)(struct cli *cli, const char *name, bool del, struct err *err),
	       int (*ls)(struct cli *cli, const char *name, struct err *err), struct err *err);

#endif
