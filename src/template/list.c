/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What templates there are, and what each would like to know. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "template/template.h"

#define QUESTIONS_MAX 4096 /* bytes: less than a pipe holds, so that a template never waits for us */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int template_list(struct strv *ret, struct err *err)
{
	autoclosedir DIR *dir = opendir(MGR_DATADIR "/templates");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strv_add(ret, entry->d_name) < 0)
			return err_nomem(err);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, compare);
	return 0;
}

static int run_for_text(const char *program, char text[static QUESTIONS_MAX], struct err *err)
{
	const char *argv[] = { program, "--questions", NULL };
	struct proc_fd fds[] = { { .to = STDOUT_FILENO } };
	int pipe_fds[2], status, r;
	ssize_t n;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	autoclose int from = pipe_fds[0], to = pipe_fds[1];
	fds[0].from = to;
	pid = proc_spawn(argv, fds, ARRAY_SIZE(fds), NULL, err);
	r = pid < 0 ? pid : proc_wait(pid, CLOCK_NEVER, &status, err);
	if (r < 0)
		return r;
	n = status || fd_set_nonblock(from) < 0 ? 0 : read(from, text, QUESTIONS_MAX - 1);
	text[n > 0 ? n : 0] = '\0';
	return 0;
}

int template_questions(const char *name, struct strv *ret, struct err *err)
{
	autofree char *program = NULL;
	char text[QUESTIONS_MAX], *save = NULL;
	int r = template_find(name, &program, err);

	if (r < 0 || name[0] == '/') /* a stranger's need not know what it is asked */
		return r;
	r = run_for_text(program, text, err);
	if (r < 0)
		return err_wrap(err, "template '%s'", name);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strv_add(ret, line) < 0)
			return err_nomem(err);
	return 0;
}
