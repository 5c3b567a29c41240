/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guest's own files say: its users, and the environment of a command of theirs. Nothing here asks the host. */
#ifndef MGR_GUEST_GUEST_H
#define MGR_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define USER_GROUPS 256

struct user {
	uid_t uid;
	gid_t gid;
	char name[64], home[256], shell[256];
	size_t n_groups;
	gid_t groups[USER_GROUPS]; /* gid first */
};

/* Find a user (name or number; NULL: 0) in the text of a passwd file, and the groups it is a member of in that of a group
 * file; texts may be "". group (name or number, NULL: none) takes the place of its own. A number that is not listed has
 * nogroup, the home / and /bin/sh. */
int user_find(struct user *u, const char *passwd, const char *groups, const char *user, const char *group, struct err *err);

/* The same from the files below the folder `root`. */
int user_load(struct user *u, int root, const char *user, const char *group, struct err *err);

/* The text of a regular file of the guest's, "" when there is none; allocated. */
int guest_read(int root, const char *path, char **ret, struct err *err);

/* The environment of a command of this user, in this order, what comes later winning: the caller's (keep), HOME PATH USER
 * LOGNAME SHELL TERM container, and set_too (KEY=VALUE). term: the host's TERM when the command has a terminal, else NULL.
 */
int env_make(struct strv *ret, int root, const struct user *u, const struct strv *set_too, bool keep, const char *term,
	     struct err *err);

/* PATH by the text of a login.defs ("" when it says nothing about this user). */
int env_path(const char *login_defs, bool is_root, char **ret);

#endif
