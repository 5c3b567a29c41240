/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MOST 65536

int sys_openat2(int dirfd, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, sizeof *how);
}

int sys_quotactl(int fd, unsigned command, uint32_t id, void *at)
{
	return (int)syscall(SYS_quotactl_fd, fd, command, id, at);
}

int sys_bound_memory(uint64_t bytes)
{
	const struct rlimit all = { bytes, bytes };

	return SYS_SANITIZED ? 0 : setrlimit(RLIMIT_AS, &all);
}

pid_t sys_clone(uint64_t flags, int *ret_pidfd)
{
	if (SYS_CLONE_FLAGS_LAST)
		return (pid_t)syscall(SYS_clone, NULL, flags, ret_pidfd, NULL, 0);
	return (pid_t)syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, 0);
}

int sys_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

/* One by one: as many as a process may have open, within reason; /proc, which knows better, may be a guest's here. */
static int close_each(unsigned first, unsigned last, unsigned flags)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) == 0 && last >= most.rlim_cur)
		last = most.rlim_cur > FDS_MOST ? FDS_MOST : (unsigned)most.rlim_cur;
	for (unsigned fd = first; fd <= last; fd++)
		if (flags & CLOSE_RANGE_CLOEXEC)
			(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
		else
			(void)close((int)fd);
	return 0;
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	int r = (int)syscall(SYS_close_range, first, last, flags);

	return r < 0 && (errno == ENOSYS || errno == EINVAL) ? close_each(first, last, flags) : r;
}

int sys_bpf(int command, union bpf_attr *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int sys_mount_id(int fd, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -1;
	*ret = st.stx_mnt_id;
	return 0;
}

int sys_mount_idmap(int tree, int userns, unsigned flags)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns };

	return mount_setattr(tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr);
}

int sys_sched_slice(uint64_t ns)
{
	struct { /* the first version of sched_attr, whose name is linux/sched/types.h's or the C library's, as it comes */
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr;

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0)
		return -1;
	if (attr.policy == SCHED_OTHER)
		attr.runtime = ns;
	return (int)syscall(SYS_sched_setattr, 0, &attr, 0);
}
