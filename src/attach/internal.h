/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this room share. */
#ifndef MGR_ATTACH_INTERNAL_H
#define MGR_ATTACH_INTERNAL_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "attach/attach.h"
#include "cgroup/cgroup.h"
#include "wire/attach.h"

/* Commonly the same as a shell's: command cannot be executed, command not found. */
#define EXIT_CANNOT_EXECUTE 126
#define EXIT_NOT_FOUND      127

/* --- user.c ---------------------------------------------------------------------------------------------------------- */

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

/* --- env.c ----------------------------------------------------------------------------------------------------------- */

/* The environment of a command inside. term: the host's TERM when the command has a terminal, else NULL. */
int env_make(struct strv *ret, int root, const struct user *u, const struct attach_conf *conf, const char *term,
	     struct err *err);

/* PATH by the text of a login.defs ("" when it says nothing about this user). */
int env_path(const char *login_defs, bool is_root, char **ret);

/* --- enter.c ---------------------------------------------------------------------------------------------------------- */

/* Everything that the process inside needs, made before it exists. */
struct entry {
	const struct attach_conf *conf;
	struct wire_attach who;
	struct cgroup cgroup; /* folders that it joins, the v2 one is not joined here */
	int init;             /* pidfd */
	int seccomp;          /* or -1 */
	int terminal;         /* one of 0 to 2 whose settings its pty gets, -1 without a pty */
	bool is_terminal[3];
	sigset_t mask; /* signals that were blocked before */
	int report;    /* socket: struct entry_report, once with the pty, and once when it fails */
};

struct entry_report {
	int exit_code; /* 0: here is the pty */
	struct err err;
};

/* In the new process: enter, become the user, run the command. Does not return. */
_Noreturn void entry_run(struct entry *e);

#endif
