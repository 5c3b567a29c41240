/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which calls of newer kernels there are, and what is done where one is missing. Each is made in a way that changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "check/internal.h"

/* No error but that of a call, or a flag, that is not known. */
static bool is_known(long r)
{
	return r >= 0 || (errno != ENOSYS && errno != EINVAL && errno != E2BIG);
}

static bool has_openat2(void)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	autoclose int fd = sys_openat2(AT_FDCWD, "/", &how);

	return is_known(fd);
}

static bool has_clone3(void)
{
	const struct clone_args none = { .flags = CLONE_THREAD | CLONE_NEWUSER }; /* that is EINVAL */

	return syscall(SYS_clone3, &none, sizeof none) >= 0 || errno == EINVAL;
}

static bool has_clone_into_cgroup(void)
{
	const struct clone_args none = { .flags = CLONE_INTO_CGROUP, .cgroup = INT32_MAX };

	return is_known(syscall(SYS_clone3, &none, sizeof none));
}

static bool has_close_range(void)
{
	return is_known(syscall(SYS_close_range, ~0U, ~0U, CLOSE_RANGE_CLOEXEC));
}

static bool has_mount_calls(void)
{
	return !mnt_is_old();
}

/* It may enter what it is in. */
static bool has_setns(void)
{
	autoclose int self = sys_pidfd_open(getpid());

	return self >= 0 && is_known(setns(self, CLONE_NEWUTS));
}

static void say_release(const struct check *c)
{
	struct utsname host;
	unsigned major = 0, minor = 0;

	if (uname(&host) < 0 || sscanf(host.release, "%u.%u", &major, &minor) != 2 || major > 6 ||
	    (major == 6 && minor >= 1))
		check_say(c, "release", CHECK_OK, NULL, "Linux %s", host.release);
	else
		check_say(c, "release", CHECK_WARNING,
			  "mgr is made for Linux 6.1 or later: what follows says what is missing", "Linux %s", host.release);
}

void check_kernel(struct check *c)
{
	static const struct {
		const char *name;
		bool (*has)(void);
		enum check_status without;
		const char *instead; /* what is done instead; NULL: nothing, the advice says what to do */
		const char *advice;
	} calls[] = {
		{ "openat2", has_openat2, CHECK_FAILED, NULL,
		  "no container can be used: Linux 5.6 or later is needed, or a filter without it" },
		{ "setns", has_setns, CHECK_FAILED, NULL,
		  "containers cannot be entered: Linux 5.8 or later is needed, or a filter that lets pidfds pass" },
		{ "mount calls", has_mount_calls, CHECK_WARNING, NULL,
		  "containers start by mount(2), with container.idmap = none or files that get their ids on disk: "
		  "for others Linux 5.12 or later is needed" },
		{ "clone3", has_clone3, CHECK_OK, "clone(2) makes processes", NULL },
		{ "clone into a cgroup", has_clone_into_cgroup, CHECK_OK, "a process waits until it is in its cgroup",
		  NULL },
		{ "close_range", has_close_range, CHECK_OK, "descriptors are closed one by one", NULL },
	};

	say_release(c);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].has())
			check_say(c, calls[i].name, CHECK_OK, NULL, "the kernel has it");
		else
			check_say(c, calls[i].name, calls[i].without, calls[i].advice, "missing%s%s",
				  calls[i].instead ? ": instead, " : "", calls[i].instead ? calls[i].instead : "");
}
