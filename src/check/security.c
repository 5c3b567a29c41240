/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check/internal.h"
#include "hook/hook.h"

static void say_lsm(const struct check *c)
{
	char lsm[160];

	if (file_read_small_at(AT_FDCWD, "/sys/kernel/security/lsm", lsm, sizeof lsm, NULL) > 0)
		check_say(c, "lsm", CHECK_OK, NULL, "%s", lsm);
	else
		check_say(c, "lsm", CHECK_OK, NULL, "none is known (securityfs is not mounted)");
}

/* Mount hooks run as container root, which is nobody on the host. */
static void say_hooks(const struct check *c)
{
	char path[sizeof HOOK_ROOTFS_MOUNT] = HOOK_ROOTFS_MOUNT;
	struct stat st;

	for (char *end = path + strlen(path); end && end > path; end = strrchr(path, '/')) {
		*end = '\0';
		if (stat(path, &st) < 0 || !(st.st_mode & 0001)) {
			check_say(c, "hooks", CHECK_WARNING,
				  "mount and autodev hooks cannot be used: install mgr where everybody may read it",
				  "'%s' cannot be entered by everybody", path);
			return;
		}
	}
	check_say(c, "hooks", CHECK_OK, NULL, "%s can be come to", HOOK_ROOTFS_MOUNT);
}

void check_security(struct check *c)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	int r = (int)syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);

	if (r < 0)
		check_say(c, "seccomp", CHECK_FAILED,
			  "a kernel with CONFIG_SECCOMP_FILTER is needed, or seccomp.profile = none", "%s", strerror(errno));
	else
		check_say(c, "seccomp", CHECK_OK, NULL, "filters can be used");
	say_lsm(c);
	say_hooks(c);
}
