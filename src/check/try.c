/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trying something, and telling what came of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check/internal.h"

#define MODULES_MAX ((size_t)16 << 20) /* bytes of a list of modules */

void check_say(const struct check *c, const char *name, enum check_status status, const char *advice, const char *fmt, ...)
{
	struct check_result result = { .group = c->group, .name = name, .status = status };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result.found, sizeof result.found, fmt, ap);
	va_end(ap);
	result.advice = status == CHECK_OK ? NULL : advice;
	c->fn(&result, c->data);
}

void check_tried(const struct check *c, const char *name, int r, enum check_status failed, const char *advice,
		 const struct err *err, const char *found)
{
	check_say(c, name, r < 0 ? failed : CHECK_OK, advice, "%s", r < 0 ? err->msg : found);
}

int check_try(check_try_fn *fn, const void *arg, struct err *err)
{
	struct err answer = { 0 };
	int pair[2];
	ssize_t n;
	pid_t pid;

	if (pipe(pair) < 0)
		return err_sys(err, errno, "make a pipe");
	pid = fork();
	if (pid == 0) {
		if (fn(arg, &answer) >= 0)
			answer.code = 0;
		(void)!write(pair[1], &answer, sizeof answer);
		_exit(0);
	}
	close(pair[1]);
	n = pid < 0 ? -1 : read(pair[0], &answer, sizeof answer);
	close(pair[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (n != sizeof answer)
		return err_set(err, ECHILD, "trying it has failed");
	*err = answer;
	return -answer.code;
}

/* Its line in a list of modules ends its path with /NAME.ko, perhaps compressed. */
static bool is_listed(const char *release, const char *list, const char *name)
{
	autofree char *path = str_fmt("/lib/modules/%s/%s", release, list), *file = str_fmt("/%s.ko", name), *text = NULL;

	return path && file && file_read_at(AT_FDCWD, path, MODULES_MAX, &text, NULL, NULL) >= 0 && strstr(text, file);
}

bool check_has_module(const char *name)
{
	autofree char *loaded = str_fmt("/sys/module/%s", name);
	struct utsname host;

	if (loaded && access(loaded, F_OK) == 0)
		return true;
	return uname(&host) == 0 &&
	       (is_listed(host.release, "modules.builtin", name) || is_listed(host.release, "modules.dep", name));
}
