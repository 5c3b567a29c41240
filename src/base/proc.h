/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes: run a program, wait with a deadline, and the state of others. */
#ifndef MGR_BASE_PROC_H
#define MGR_BASE_PROC_H

#include <inttypes.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Which descriptor a program gets as which number; everything else is closed in it. */
struct proc_fd {
	int from, to;
};

/* Start a program: argv[0] is its path, no shell. fds: what it gets (0, 1, 2 that are not named are /dev/null). env NULL:
 * ours. Fails when the program cannot be executed, saying which and why (waits for the exec). Returns the pid. */
pid_t proc_spawn(const char *const argv[], const struct proc_fd *fds, size_t n, char *const env[], struct err *err);

/* The same in a session of its own, in /, so that kill(-pid) ends it with what it has started; killed when we die, unless
 * it is lasting. */
pid_t proc_spawn_session(const char *const argv[], const struct proc_fd *fds, size_t n, char *const env[], bool lasting,
			 struct err *err);

/* How far one is that tells, on lines of what it writes as 2: bytes done, bytes in all. */
#define PROC_PROGRESS "progress %" SCNu64 " %" SCNu64
typedef void proc_progress_fn(uint64_t done, uint64_t total, void *data);

/* A program that does a piece of our work, to its end. What is not set is not wanted. */
struct proc_job {
	const char *const *argv;
	const struct proc_fd *fds; /* what it gets */
	size_t n;
	bool lasting;     /* ended, it would leave damage: it comes to its end whatever becomes of us */
	uint64_t longest; /* ns; then it is killed: -ETIMEDOUT */
	char **out;       /* what it writes as 1, allocated, terminated; when that is more than out_max bytes, -EFBIG */
	size_t out_max;
	char **words; /* what it writes as 2, but for how far it is, when it does not fail; allocated */
	proc_progress_fn *progress;
	void *data;
};

/* In a session as above; what it writes as 2 is caught: when it fails, with -ECANCELED, its last line is the error. Of
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT those that the caller has blocked end it, unless it is lasting, and stay pending:
 * -EINTR. */
int proc_run_job(const struct proc_job *job, struct err *err);
/* One of which that is all. */
int proc_run(const char *const argv[], const struct proc_fd *fds, size_t n, struct err *err);

/* Has the process been asked to end, by one of those signals that it has blocked? It stays pending. For what does such a
 * piece of work itself. */
bool proc_is_to_end(void);

/* Wait for a child until the deadline (clock.h). 0 with its wait status; -ETIMEDOUT while it runs on. */
int proc_wait(pid_t pid, uint64_t deadline, int *ret_status, struct err *err);

/* A wait status in words, "exit status 3" or "signal 9 (Killed)". */
const char *proc_status_text(int status, char buf[static 48]);

#endif
