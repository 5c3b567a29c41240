/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr's own commands, run for a program: they link what libmgr does not. They say what went wrong as a struct err, through a
 * pipe whose number is in the environment (cli/report.h). */
#ifndef MGR_LIB_PROGRAM_H
#define MGR_LIB_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct program {
	pid_t pid;
	int pidfd, report;
	bool ended;
	int status; /* once it has ended, as of waitpid(2) */
	bool heard;
	struct err said; /* once heard; code 0: nothing */
};

/* The beginning of a command line: "mgr-NAME", the store, the container. 0 or -ENOMEM. */
int program_argv(struct strv *argv, const struct store *store, const char *program, const char *container);

/* Start it, with fds as 0, 1, 2 (-1: /dev/null). */
int program_start(struct program *p, const struct strv *argv, const int fds[3], struct err *err);

/* Wait for its end. 0; -ETIMEDOUT while it goes on. */
int program_wait(struct program *p, uint64_t deadline, struct err *err);

/* What it has reported: 0, or -errno with it in err. Once it has ended. */
int program_reported(struct program *p, struct err *err);

/* Ends it when it goes on. */
void program_done(struct program *p);

/* From start to end; its failure is ours. ret_output: what it printed, added; may be NULL. */
int program_run(const struct strv *argv, struct str *ret_output, struct err *err);

#endif
