/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What AppArmor calls a process. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "security/security.h"

#define LABEL_MAX 65536

/* As our /proc knows it. */
static int find_pid(int pidfd, uint64_t *ret, struct err *err)
{
	char path[40], text[256];

	(void)str_print(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
	int r = file_read_small_at(AT_FDCWD, path, text, sizeof text, err);
	if (r < 0)
		return r;
	char *pid = strstr(text, "\nPid:\t");
	if (pid)
		pid[strcspn(pid + 1, "\n") + 1] = '\0';
	if (!pid || str_uint(pid + strlen("\nPid:\t"), 1, INT_MAX, ret) < 0)
		return err_set(err, ESRCH, "is not running");
	return 0;
}

/* "LABEL (enforce)", "unconfined". */
static char *without_mode(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	char *mode = strrchr(text, ' ');
	if (mode && mode[1] == '(')
		*mode = '\0';
	return text;
}

int security_label_of(int pidfd, char **ret, struct err *err)
{
	autofree char *text = NULL;
	char path[48];
	uint64_t pid;
	int r = find_pid(pidfd, &pid, err);

	*ret = NULL;
	if (r < 0)
		return r;
	(void)str_print(path, sizeof path, "/proc/%u/attr/apparmor/current", (unsigned)pid);
	r = file_read_at(AT_FDCWD, path, LABEL_MAX, &text, NULL, err);
	if (sys_pidfd_send_signal(pidfd, 0) < 0) /* it was perhaps another's */
		return err_set(err, ESRCH, "is not running");
	if (r == -ENOENT || r == -EINVAL) { /* not in this kernel; not on */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return err_wrap(err, "the AppArmor label of process %u", (unsigned)pid);
	if (!str_eq(without_mode(text), "unconfined"))
		*ret = steal_ptr(&text);
	return 0;
}

int security_label_open(struct err *err)
{
	int fd = open("/proc/thread-self/attr/apparmor/current", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open the AppArmor label") : fd;
}

int security_label_enter(int fd, const char *label, struct err *err)
{
	autofree char *text = str_fmt("changeprofile %s", label);

	if (!text)
		return err_nomem(err);
	if (write(fd, text, strlen(text)) >= 0)
		return 0;
	if (errno == ENOENT)
		return err_set(err, ENOENT, "AppArmor knows no profile '%s'", label);
	return err_sys(err, errno, "enter the AppArmor profile '%s'", label);
}
