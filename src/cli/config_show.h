/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-config prints: the verbs that change nothing, as text and as JSON. */
#ifndef MGR_CLI_CONFIG_SHOW_H
#define MGR_CLI_CONFIG_SHOW_H

#include "cli/cli.h"

struct config_data {
	bool running;     /* get, show: what it was started with, while it runs */
	const char *file; /* check: this one */
};

/* words: behind the verb. */
int config_get(struct cli *cli, const char *container, char *const words[], struct err *err);
int config_show(struct cli *cli, const char *container, char *const words[], struct err *err);
/* config_check.c: of the container, or of the file that was named. */
int config_check(struct cli *cli, const char *container, char *const words[], struct err *err);
/* All keys of the schema; no container. */
int config_keys(struct cli *cli, const char *container, char *const words[], struct err *err);

#endif
