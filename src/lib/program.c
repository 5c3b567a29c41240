/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"
#include "lib/internal.h"

#define REPORT_AT   3
#define TERM_TIME   CLOCK_SECOND
#define OUTPUT_MOST ((size_t)1 << 20)

int program_argv(struct strv *argv, const struct store *store, const char *program, const char *container)
{
	int r = strv_addf(argv, MGR_BINDIR "/mgr-%s", program) | strv_add(argv, "-n") | strv_add(argv, container);

	if (!str_eq(store->containers, store->manager))
		r |= strv_add(argv, "-P") | strv_add(argv, store->containers);
	return r;
}

int program_start(struct program *p, const struct strv *argv, const int fds[3], struct err *err)
{
	autocall(strv_done) struct strv env = { 0 };
	struct proc_fd passed[4];
	size_t n = 0;
	int pair[2], r;

	*p = (struct program){ .pidfd = -1, .report = -1 };
	r = environment_make(&env, MGR_REPORT_FD "=3", err);
	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, errno, "make a pipe");
	p->report = pair[0];
	passed[n++] = (struct proc_fd){ pair[1], REPORT_AT };
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			passed[n++] = (struct proc_fd){ fds[i], i };
	p->pid = proc_spawn((const char *const *)argv->v, passed, n, env.v, err);
	close(pair[1]);
	if (p->pid > 0)
		p->pidfd = sys_pidfd_open(p->pid);
	if (p->pid > 0 && p->pidfd < 0)
		err_sys(err, errno, "watch '%s'", argv->v[0]);
	if (p->pidfd >= 0)
		return 0;
	program_done(p);
	return -err->code;
}

int program_wait(struct program *p, uint64_t deadline, struct err *err)
{
	int r;

	if (p->ended)
		return 0;
	r = fd_wait(p->pidfd, POLLIN, deadline);
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "it goes on");
	r = proc_wait(p->pid, CLOCK_NEVER, &p->status, err);
	if (r == 0 || r == -ECHILD) /* who has waited for it has its status */
		p->ended = true;
	return r;
}

int program_reported(struct program *p, struct err *err)
{
	if (!p->heard && read(p->report, &p->said, sizeof p->said) != sizeof p->said)
		p->said.code = 0;
	p->heard = true;
	return p->said.code > 0 ? err_set(err, p->said.code, "%.*s", (int)sizeof p->said.msg - 1, p->said.msg) : 0;
}

void program_done(struct program *p)
{
	if (p->pid > 0 && !p->ended && p->pidfd >= 0) {
		sys_pidfd_send_signal(p->pidfd, SIGTERM);
		if (program_wait(p, clock_in(TERM_TIME), NULL) == -ETIMEDOUT) {
			sys_pidfd_send_signal(p->pidfd, SIGKILL);
			(void)program_wait(p, CLOCK_NEVER, NULL);
		}
	}
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->report >= 0)
		close(p->report);
	p->pidfd = p->report = -1;
}

static int read_all(int fd, struct str *to, struct err *err)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read what it prints");
		if (to->len + (size_t)n > OUTPUT_MOST)
			return err_set(err, EFBIG, "it prints more than %zu bytes", OUTPUT_MOST);
		str_addn(to, buf, (size_t)n);
	}
	return to->failed ? err_nomem(err) : 0;
}

int program_run(const struct strv *argv, struct str *ret_output, struct err *err)
{
	autoclose int output = -1, into = -1;
	struct program p;
	char text[48];
	int pair[2], r;

	if (ret_output && pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (ret_output) {
		output = pair[0];
		into = pair[1];
	}
	r = program_start(&p, argv, (const int[]){ -1, into, -1 }, err);
	if (r < 0)
		return r;
	if (ret_output) {
		close(steal_fd(&into));
		r = read_all(output, ret_output, err);
	}
	if (r == 0)
		r = program_wait(&p, CLOCK_NEVER, err);
	if (r == 0 && p.status != 0) {
		r = program_reported(&p, err);
		if (r == 0)
			r = err_set(err, EIO, "'%s' ended with %s", argv->v[0], proc_status_text(p.status, text));
	}
	program_done(&p);
	return r;
}
