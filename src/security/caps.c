/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dropping capabilities. Needs no libcap: mgr-attach is run often and loads nothing. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "security/security.h"

#define BIT(n) (UINT64_C(1) << (n))

int security_drop_caps(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];

	for (unsigned long cap = 0; cap < 64; cap++)
		if (!(keep & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL) /* past the last that this kernel has */
				break;
			return err_sys(err, errno, "drop capability %lu", cap);
		}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, set) < 0)
		return err_sys(err, errno, "read the capabilities");
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		set[i].permitted &= (uint32_t)(keep >> (32 * i));
		set[i].effective &= set[i].permitted;
		set[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, set) < 0)
		return err_sys(err, errno, "drop capabilities");
	return 0;
}
