/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"
#include "storage/confine_internal.h"

int confine_make_root(struct err *err)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return err_sys(err, errno, "make namespaces of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("empty", CONFINE_ROOT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,nr_inodes=32,mode=755") < 0 ||
	    mkdir(CONFINE_ROOT "/fd", 0755) < 0 || mount("/proc/self/fd", CONFINE_ROOT "/fd", NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "make an empty root");
	return 0;
}

int confine_enter_root(struct err *err)
{
	if (chdir(CONFINE_ROOT) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(err, errno, "enter an empty root");
	return 0;
}

int confine_keep_caps(uint32_t kept, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3] = { { .effective = kept, .permitted = kept } };

	return syscall(SYS_capset, &head, set) < 0 ? err_sys(err, errno, "drop capabilities") : 0;
}

int confine_become_nobody(uint32_t kept, struct err *err)
{
	if (prctl(PR_SET_KEEPCAPS, kept != 0, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(CONFINE_NOBODY, CONFINE_NOBODY, CONFINE_NOBODY) < 0 ||
	    setresuid(CONFINE_NOBODY, CONFINE_NOBODY, CONFINE_NOBODY) < 0)
		return err_sys(err, errno, "become nobody");
	if (confine_keep_caps(kept, err) < 0)
		return -err->code;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "do without privileges");
	return 0;
}

/* glibc would reserve 64 MiB for each thread's memory; a sanitizer's allocator has no arenas. */
static int bound_memory(struct err *err)
{
	const struct rlimit core = { 0, 0 };

	if ((mallopt(M_ARENA_MAX, 1) != 1 && !SYS_SANITIZED) || sys_bound_memory(CONFINE_MEMORY) < 0 ||
	    setrlimit(RLIMIT_CORE, &core) < 0)
		return err_sys(err, errno, "bound its memory");
	return 0;
}

int confine_begin(bool locks, struct err *err)
{
	if (confine_make_root(err) < 0 || confine_enter_root(err) < 0 || bound_memory(err) < 0 ||
	    confine_become_nobody(locks ? 1U << CAP_IPC_LOCK : 0, err) < 0)
		return -err->code;
	return confine_filter(CONFINE_OPENS, err);
}

int confine_rest(struct err *err)
{
	return confine_keep_caps(0, err) < 0 ? -err->code : confine_filter(CONFINE_WORKS, err);
}
