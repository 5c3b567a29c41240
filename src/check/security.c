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
#include "base/str.h"
#include "check/internal.h"
#include "hook/hook.h"
#include "security/security.h"

static void say_lsm(const struct check *c)
{
	char lsm[160];

	if (file_read_small_at(AT_FDCWD, SECURITY_FS "/lsm", lsm, sizeof lsm, NULL) > 0)
		check_say(c, "lsm", CHECK_OK, NULL, "%s", lsm);
	else
		check_say(c, "lsm", CHECK_OK, NULL, "none is known (securityfs is not mounted)");
}

/* Whether a guest can load profiles of its own, too: that takes stacking, and a kernel that allows it in user namespaces. */
static bool has_namespaces(void)
{
	char stack[8], userns[8];

	return file_read_small_at(AT_FDCWD, SECURITY_FS "/apparmor/features/domain/stack", stack, sizeof stack, NULL) > 0 &&
	       str_eq(stack, "yes") &&
	       file_read_small_at(AT_FDCWD, "/proc/sys/kernel/unprivileged_userns_apparmor_policy", userns, sizeof userns,
				  NULL) > 0 &&
	       !str_eq(userns, "0");
}

static void say_apparmor(const struct check *c)
{
	const enum security_apparmor state = security_apparmor_state();

	if (state == APPARMOR_OFF)
		check_say(c, "apparmor", CHECK_OK, NULL, "is not on: containers have no profile");
	else if (state == APPARMOR_HIDDEN)
		check_say(c, "apparmor", CHECK_WARNING,
			  "mount -t securityfs securityfs " SECURITY_FS ": else containers have no profile, and privileged "
			  "ones do not start",
			  "is on, and " SECURITY_FS " is not mounted");
	else if (!security_apparmor_parser())
		check_say(c, "apparmor", CHECK_WARNING,
			  "install apparmor_parser (package apparmor): else containers have no profile, and privileged ones "
			  "do not start",
			  "is on, and apparmor_parser is not there");
	else if (!has_namespaces())
		check_say(c, "apparmor", CHECK_WARNING,
			  "guests cannot load profiles of their own: kernel.unprivileged_userns_apparmor_policy must be 1",
			  "each container has a profile");
	else
		check_say(c, "apparmor", CHECK_OK, NULL, "each container has a profile, and its guest can load more");
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
	say_apparmor(c);
	say_hooks(c);
}
