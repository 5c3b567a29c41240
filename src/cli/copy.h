/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-push and mgr-pull have in common. */
#ifndef MGR_CLI_COPY_H
#define MGR_CLI_COPY_H

#include <stddef.h>

#include "cli/cli.h"
#include "lib/copy.h"

struct copy_data {
	struct lib_copy copy;
	struct strv sources;
};

/* Sources and target from the words. 0, or what run must return: a command line that is wrong. */
int copy_words(struct cli *cli);
void copy_done(void *data);

#define COPY_OPTIONS                                                                                                        \
	{ 0, "create-dirs", NULL, "Make the folders of the target's path that are missing.",                                \
	  .flag = offsetof(struct copy_data, copy.create) },                                                                \
	{                                                                                                                   \
		'p', "preserve", NULL, "Keep owners (by number), all of the mode, times and extended attributes.",          \
			.flag = offsetof(struct copy_data, copy.preserve)                                                   \
	}

#endif
