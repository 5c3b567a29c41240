/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that is in a tree, with one of its folders open at a time: however deep a guest has made it. No link is followed. */
#ifndef MGR_BASE_WALK_H
#define MGR_BASE_WALK_H

#include <sys/stat.h>

#include "base/err.h"

/* What hears of it; any may be NULL. Of a folder first what is no folder, then one after the other the folders in it. Less
 * than 0 ends the walk. */
struct walk {
	/* What is no folder: `name` in the open folder `at`. */
	int (*file)(void *data, int at, const char *name, const struct stat *st, struct err *err);
	/* A folder, below the one that was entered last and not left; not of the top. */
	int (*enter)(void *data, const char *name, const struct stat *st, struct err *err);
	/* A folder whose all has been seen, the top at last; fd: itself. */
	int (*leave)(void *data, int fd, const struct stat *st, struct err *err);
	/* A folder that something else is mounted on, as above; what is in it is no part of the tree. */
	int (*mounted)(void *data, const char *name, const struct stat *st, struct err *err);
};

/* top: O_PATH will do. */
int walk_tree(int top, const struct walk *walk, void *data, struct err *err);

/* "verb 'PATH': reason", of what is `name` in `at`, or `at` itself (NULL): the end of its path. Returns -code. */
int walk_fail(int at, const char *name, int code, const char *verb, struct err *err);

#endif
