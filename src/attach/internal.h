/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this room share. */
#ifndef MGR_ATTACH_INTERNAL_H
#define MGR_ATTACH_INTERNAL_H

#include <signal.h>
#include <sys/types.h>

#include "attach/attach.h"
#include "cgroup/cgroup.h"
#include "guest/guest.h"
#include "tty/tty.h"
#include "wire/attach.h"

/* --- enter.c ---------------------------------------------------------------------------------------------------------- */

/* Everything that the process inside needs, made before it exists. */
struct entry {
	const struct attach_conf *conf;
	struct wire_attach who;
	struct cgroup cgroup; /* folders that it joins, the v2 one is not joined here */
	int init;             /* pidfd */
	int seccomp;          /* or -1 */
	char *label;          /* what AppArmor calls init; NULL: it is not confined */
	struct tty_stdio stdio;
	sigset_t mask; /* signals that were blocked before */
	int report;    /* socket: struct entry_report, once with the pty, and once when it fails */
};

struct entry_report {
	int exit_code; /* 0: here is the pty */
	struct err err;
};

/* Ask the supervisor: the descriptors that it hands out go into e (init and seccomp -1 before). files: no process is to run
 * inside. -ESRCH when it is not running. */
int entry_ask(const struct store *store, const char *name, bool files, struct entry *e, struct err *err);
void entry_done(struct entry *e);

/* Become a sealed copy of this program, which begins anew; 0 when it is one. */
int run_as_copy(void (*again)(void), struct err *err);

/* In the new process: enter, become the user, run the command. Does not return. */
_Noreturn void entry_run(struct entry *e);

#endif
