/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file of a tree that is copied: what tree_file.c knows, for tree.c. */
#ifndef MGR_STORAGE_TREE_H
#define MGR_STORAGE_TREE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/* Where what is copied comes from, or goes to: `name` in the open folder `at`. */
struct tree_at {
	int at;
	const char *name;
};

/* What all files of one copy have in common. */
struct tree_copying {
	bool shares_none; /* it has turned out that their file systems can share no contents */
	char *buf;        /* TREE_BUFFER bytes */
};
#define TREE_BUFFER (256 << 10)

/* What is no folder, made anew with all that it has but other names. */
int tree_copy_one(struct tree_copying *copying, const struct tree_at *from, const struct tree_at *to, const struct stat *st,
		  struct err *err);
/* What a folder has itself, but for attributes that begin so; NULL: all. */
int tree_copy_folder(int from, int to, const struct stat *st, const char *but, struct err *err);

#endif
