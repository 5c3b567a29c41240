/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"

#define NOBODY 65534

/* --- system calls ---------------------------------------------------------------------------------------- */

/* What reading, unpacking and writing takes, in several threads. */
static const unsigned usual[] = {
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_preadv,
	SYS_write,
	SYS_writev,
	SYS_pwrite64,
	SYS_pwritev,
	SYS_lseek,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_fstat,
	SYS_newfstatat,
	SYS_close,
	SYS_sendto,
	SYS_sendmsg,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_brk,
	SYS_mmap,
	SYS_mremap,
	SYS_munmap,
	SYS_mprotect,
	SYS_madvise,
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_rt_sigreturn,
	SYS_getpid,
	SYS_gettid,
	SYS_tgkill,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
};

/* What opening a disk takes besides. */
static const unsigned opening[] = {
	SYS_openat, SYS_fcntl,  SYS_fadvise64, SYS_memfd_create, SYS_mlockall,
	SYS_getuid, SYS_getgid, SYS_capset,    SYS_prctl,        SYS_seccomp,
};

#define FIELD(name)            ((uint32_t)offsetof(struct seccomp_data, name))
#define LOAD(name)             ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(name)))
#define RETURN(action)         ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action))
#define SKIP_UNLESS(is, n)     ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is, 0, n))
#define SKIP_UNLESS_ANY(of, n) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, of, 0, n))

/* The low word of clone's first argument, the flags. */
#define FLAGS (FIELD(args) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

/* One that ends the process for any call that is not on the list; a new process is none either, a thread is. The C library
 * asks for that by clone3 first, whose flags no filter can see, and by clone where there is no such call. */
static int filter(bool is_opening, struct err *err)
{
	struct sock_filter code[2 * (ARRAY_SIZE(usual) + ARRAY_SIZE(opening)) + 16];
	struct sock_fprog prog = { .filter = code };
	unsigned short n = 0;

	code[n++] = LOAD(arch);
	code[n++] = SKIP_UNLESS(SYS_AUDIT_ARCH, 1);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0);
	code[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	code[n++] = LOAD(nr);
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		code[n++] = SKIP_UNLESS(usual[i], 1);
		code[n++] = RETURN(SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < ARRAY_SIZE(opening) && is_opening; i++) {
		code[n++] = SKIP_UNLESS(opening[i], 1);
		code[n++] = RETURN(SECCOMP_RET_ALLOW);
	}
	if (is_opening) { /* of a block device libraries would ask what is no matter */
		code[n++] = SKIP_UNLESS(SYS_ioctl, 1);
		code[n++] = RETURN(SECCOMP_RET_ERRNO | ENOTTY);
	}
	code[n++] = SKIP_UNLESS(SYS_clone3, 1);
	code[n++] = RETURN(SECCOMP_RET_ERRNO | ENOSYS);
	code[n++] = SKIP_UNLESS(SYS_clone, 3);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FLAGS);
	code[n++] = SKIP_UNLESS_ANY(CLONE_THREAD, 1);
	code[n++] = RETURN(SECCOMP_RET_ALLOW);
	code[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	prog.len = n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) < 0)
		return err_sys(err, errno, "install a seccomp filter");
	return 0;
}

/* --- everything else ------------------------------------------------------------------------------------- */

/* libqcow opens by path. /dev is where any host has a folder to mount on; nobody else sees it. */
static int leave_files(struct err *err)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return err_sys(err, errno, "make namespaces of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("empty", "/dev", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=4,mode=755") < 0 ||
	    mkdir("/dev/fd", 0755) < 0 || mount("/proc/self/fd", "/dev/fd", NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "make an empty root");
	if (chdir("/dev") < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(err, errno, "enter an empty root");
	return 0;
}

/* All but these capabilities; they do not outlive a change of ids unless that is said first. */
static int keep_caps(uint32_t kept, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3] = { { .effective = kept, .permitted = kept } };

	return syscall(SYS_capset, &head, set) < 0 ? err_sys(err, errno, "drop capabilities") : 0;
}

static int drop_privileges(bool locks, struct err *err)
{
	if (prctl(PR_SET_KEEPCAPS, locks, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return err_sys(err, errno, "become nobody");
	if (keep_caps(locks ? 1U << CAP_IPC_LOCK : 0, err) < 0)
		return -err->code;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "do without privileges");
	return 0;
}

/* glibc would reserve 64 MiB for each thread's memory. */
static int bound_memory(struct err *err)
{
	const struct rlimit memory = { CONFINE_MEMORY, CONFINE_MEMORY }, core = { 0, 0 };

	if (mallopt(M_ARENA_MAX, 1) != 1 || setrlimit(RLIMIT_AS, &memory) < 0 || setrlimit(RLIMIT_CORE, &core) < 0)
		return err_sys(err, errno, "bound its memory");
	return 0;
}

int confine_begin(bool locks, struct err *err)
{
	if (leave_files(err) < 0 || bound_memory(err) < 0 || drop_privileges(locks, err) < 0)
		return -err->code;
	return filter(true, err);
}

int confine_rest(struct err *err)
{
	return keep_caps(0, err) < 0 ? -err->code : filter(false, err);
}
