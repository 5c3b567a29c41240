/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that does something for us while the loop goes on. One at a time: asked again meanwhile, it is run once more. */
#ifndef MGR_NETD_HELPER_H
#define MGR_NETD_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"

struct helper {
	struct loop *loop;
	pid_t (*start)(void *data, struct err *err); /* starts it: a child of ours */
	void (*ended)(void *data);                   /* NULL, or called when it has; it may be run again from there */
	void *data;

	/* private: zeros, but for pidfd, which is -1 */
	pid_t pid;
	int pidfd;
	struct loop_io *io;
	bool again;
};

/* What fails is logged. Does it run? */
bool helper_run(struct helper *helper);
bool helper_runs(const struct helper *helper);
/* Until it has ended, if it runs, or the deadline. */
void helper_wait(struct helper *helper, uint64_t deadline);
/* One that runs is killed. */
void helper_done(struct helper *helper);

#endif
