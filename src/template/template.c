/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/template.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "base/sys.h"
#include "template/internal.h"

#define TAIL_LINES 10
#define LINE_MAX_  400

int template_help(const char *name, struct err *err)
{
	const struct proc_fd fds[] = { { STDOUT_FILENO, STDOUT_FILENO }, { STDERR_FILENO, STDERR_FILENO } };
	autofree char *program = NULL;
	const char *argv[] = { NULL, "--help", NULL };
	char text[48];
	int status, r = template_find(name, &program, err);
	pid_t pid;

	if (r < 0)
		return r;
	argv[0] = program;
	pid = proc_spawn(argv, fds, ARRAY_SIZE(fds), NULL, err);
	r = pid < 0 ? pid : proc_wait(pid, CLOCK_NEVER, &status, err);
	if (r == 0 && status)
		r = err_set(err, ECANCELED, "it has no help to show: %s", proc_status_text(status, text));
	return r < 0 ? err_wrap(err, "template '%s'", name) : 0;
}

void template_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
	sigaddset(ret, SIGQUIT);
}

struct output {
	const struct template *run;
	int fd;
	char line[LINE_MAX_];
	size_t len;
	struct strv lines;
};

static void end_line(struct output *out)
{
	size_t first;

	if (out->len == 0)
		return;
	out->line[out->len] = '\0';
	out->len = 0;
	if (out->run->line)
		out->run->line(out->line, out->run->data);
	if (strv_add(&out->lines, out->line) < 0 || out->lines.n <= TAIL_LINES)
		return;
	first = out->lines.n - TAIL_LINES;
	free(out->lines.v[0]);
	memmove(out->lines.v, out->lines.v + first, (out->lines.n + 1 - first) * sizeof *out->lines.v);
	out->lines.n -= first;
}

static void add_output(struct output *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\n' || c == '\r')
			end_line(out);
		else if (out->len < LINE_MAX_ - 1)
			out->line[out->len++] = (char)(c < ' ' || c == 127 ? ' ' : c);
	}
}

/* What there is now. False once nobody can write any more. */
static bool read_output(struct output *out)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(out->fd, buf, sizeof buf)) > 0)
		add_output(out, buf, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Until the program has ended or a signal asks us to. 0 or -EINTR. */
static int follow(struct output *out, int pidfd, int signals)
{
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = signals, .events = POLLIN },
				{ .fd = out->fd, .events = POLLIN } };

	while (!fds[0].revents) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -EINTR;
		if (fds[2].revents && !read_output(out))
			fds[2].fd = -1;
	}
	return 0;
}

static int finish(struct output *out, const struct template_child *child, int followed, struct err *err)
{
	const char *program = strrchr(out->run->program, '/') + 1;
	char text[48];
	int status, r;

	if (followed < 0)
		sys_pidfd_send_signal(child->pidfd, SIGKILL); /* it is its namespace's init: all of it dies */
	r = proc_wait(child->pid, CLOCK_NEVER, &status, err);
	if (r < 0)
		return r;
	read_output(out);
	end_line(out);
	if (followed == -EINTR)
		return err_set(err, EINTR, "template '%s': interrupted", program);
	if (followed < 0)
		return err_sys(err, -followed, "template '%s'", program);
	if (status)
		return err_set(err, ECANCELED, "template '%s': %s", program, proc_status_text(status, text));
	return 0;
}

int template_run(const struct template *run, struct str *ret_tail, struct err *err)
{
	struct template_child child = { .pidfd = -1, .output = -1 };
	struct output out = { .run = run };
	autoclose int signals = -1, pidfd = -1, output = -1;
	sigset_t set;
	int r;

	template_signals(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, errno, "watch for signals");
	r = template_spawn(run, &child, err);
	if (r < 0)
		return r;
	pidfd = child.pidfd;
	out.fd = output = child.output;
	r = finish(&out, &child, follow(&out, pidfd, signals), err);
	for (size_t i = 0; i < out.lines.n; i++)
		str_addf(ret_tail, "%s\n", out.lines.v[i]);
	strv_done(&out.lines);
	return r;
}
