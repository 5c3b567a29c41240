/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "storage/confine_internal.h"

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
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_restart_syscall,
	SYS_exit,
	SYS_CALLS_OF_SANITIZERS SYS_exit_group,
};

/* What opening a disk takes besides. */
static const unsigned opening[] = {
	SYS_openat, SYS_fcntl,  SYS_fadvise64, SYS_memfd_create, SYS_mlockall,
	SYS_getuid, SYS_getgid, SYS_capset,    SYS_prctl,        SYS_seccomp,
};

/* What a program of others takes besides; of its loader and libraries too. */
static const unsigned program[] = { SYS_execve,          SYS_faccessat,   SYS_readlinkat, SYS_set_tid_address,
				    SYS_prlimit64,       SYS_geteuid,     SYS_getegid,    SYS_uname,
				    SYS_sysinfo,         SYS_getrusage,   SYS_dup,        SYS_dup3,
				    SYS_statx,           SYS_fstatfs,     SYS_statfs,     SYS_setitimer,
				    SYS_getcwd,          SYS_sigaltstack, SYS_getppid,    SYS_times,
				    SYS_clock_nanosleep, SYS_CALLS_OF_OLD };

static const struct list {
	const unsigned *v;
	size_t n;
} lists[] = {
	{ usual, ARRAY_SIZE(usual) },
	{ opening, ARRAY_SIZE(opening) },
	{ program, ARRAY_SIZE(program) },
};

#define FIELD(name)            ((uint32_t)offsetof(struct seccomp_data, name))
#define LOAD(at)               ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at))
#define RETURN(action)         ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action))
#define AND(mask)              ((struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask))
#define SKIP_UNLESS(is, n)     ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is, 0, n))
#define SKIP_UNLESS_ANY(of, n) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, of, 0, n))

/* The low word of an argument. */
#define ARG(i) (FIELD(args) + 8 * (i) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

#define IOCTL_TYPE 0xff00U
#define BLOCK_TYPE 0x1200U /* linux/fs.h: BLKGETSIZE64 and the like; a loop device's own have another */

static unsigned short allow_lists(struct sock_filter *code, size_t which)
{
	unsigned short n = 0;

	for (size_t l = 0; l <= which; l++)
		for (size_t i = 0; i < lists[l].n; i++) {
			code[n++] = SKIP_UNLESS(lists[l].v[i], 1);
			code[n++] = RETURN(SECCOMP_RET_ALLOW);
		}
	return n;
}

/* Of a block device libraries would ask what is no matter; who writes to it asks how large it is. */
static unsigned short allow_ioctl(struct sock_filter *code, bool block)
{
	unsigned short n = 0;

	code[n++] = SKIP_UNLESS(SYS_ioctl, block ? 5 : 1);
	if (block) {
		code[n++] = LOAD(ARG(1));
		code[n++] = AND(IOCTL_TYPE);
		code[n++] = SKIP_UNLESS(BLOCK_TYPE, 1);
		code[n++] = RETURN(SECCOMP_RET_ALLOW);
	}
	code[n++] = RETURN(SECCOMP_RET_ERRNO | ENOTTY);
	return n;
}

/* The C library asks for a thread by clone3 first, whose flags no filter can see, and by clone where there is no such call.
 */
static unsigned short allow_threads(struct sock_filter *code)
{
	unsigned short n = 0;

	code[n++] = SKIP_UNLESS(SYS_clone3, 1);
	code[n++] = RETURN(SECCOMP_RET_ERRNO | ENOSYS);
	code[n++] = SKIP_UNLESS(SYS_clone, 4);
	code[n++] = LOAD(ARG(0));
	code[n++] = SKIP_UNLESS_ANY(CLONE_THREAD, 1);
	code[n++] = RETURN(SECCOMP_RET_ALLOW);
	code[n++] = LOAD(FIELD(nr)); /* what follows asks for that */
	return n;
}

/* To itself, as abort(3) does: others are nobody, too, and some of them serve other disks. */
static unsigned short allow_own_signals(struct sock_filter *code)
{
	unsigned short n = 0;

	code[n++] = SKIP_UNLESS(SYS_tgkill, 4);
	code[n++] = LOAD(ARG(0));
	code[n++] = SKIP_UNLESS((uint32_t)getpid(), 1);
	code[n++] = RETURN(SECCOMP_RET_ALLOW);
	code[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	return n;
}

int confine_filter(enum confine_calls calls, struct err *err)
{
	struct sock_filter code[2 * (ARRAY_SIZE(usual) + ARRAY_SIZE(opening) + ARRAY_SIZE(program)) + 24];
	struct sock_fprog prog = { .filter = code };
	unsigned short n = 0;

	code[n++] = LOAD(FIELD(arch));
	code[n++] = SKIP_UNLESS(SYS_AUDIT_ARCH, 1);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0);
	code[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	code[n++] = LOAD(FIELD(nr));
	n += allow_lists(code + n, calls);
	if (calls != CONFINE_WORKS)
		n += allow_ioctl(code + n, calls == CONFINE_PROGRAM);
	n += allow_threads(code + n);
	n += allow_own_signals(code + n);
	code[n++] = RETURN(calls == CONFINE_PROGRAM ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_KILL_PROCESS);
	prog.len = n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) < 0)
		return err_sys(err, errno, "install a seccomp filter");
	return 0;
}
