/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that the C library lacks or hides. Each returns what the kernel returns: -1 with errno on failure. */
#ifndef MGR_BASE_SYS_H
#define MGR_BASE_SYS_H

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif
#ifndef FAN_FS_ERROR
#define FAN_FS_ERROR 0x00008000 /* Linux 5.16 */
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16; Debian 12's headers lack it */
#endif

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3; Debian 12's headers lack both */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

/* What seccomp(2) calls this machine's system calls. */
#if defined(__x86_64__)
#define SYS_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SYS_AUDIT_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define SYS_AUDIT_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SYS_AUDIT_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define SYS_AUDIT_ARCH AUDIT_ARCH_S390X
#endif

/* What C libraries call on machines that have it, each followed by a comma. */
#ifdef SYS_access
#define SYS_CALLS_OF_OLD_ALL SYS_access, SYS_readlink, SYS_dup2, SYS_alarm, SYS_open, SYS_stat, SYS_lstat,
#else
#define SYS_CALLS_OF_OLD_ALL
#endif
#ifdef SYS_arch_prctl
#define SYS_CALLS_OF_OLD SYS_CALLS_OF_OLD_ALL SYS_arch_prctl,
#else
#define SYS_CALLS_OF_OLD SYS_CALLS_OF_OLD_ALL
#endif

/* A sanitizer's runtime has terabytes of address space; its threads call what others do not, each followed by a comma. */
#ifdef __SANITIZE_ADDRESS__
#define SYS_SANITIZED           1
#define SYS_CALLS_OF_SANITIZERS SYS_sigaltstack, SYS_prlimit64,
#else
#define SYS_SANITIZED 0
#define SYS_CALLS_OF_SANITIZERS
#endif

/* GPT's type of a partition that holds a root file system for this machine (the Discoverable Partitions Specification). */
#if defined(__x86_64__)
#define SYS_GPT_ROOT "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#elif defined(__aarch64__)
#define SYS_GPT_ROOT "b921b045-1df0-41c3-af44-4c6f280d3fae"
#elif defined(__riscv)
#define SYS_GPT_ROOT "72ec70a6-cf74-40e6-bd49-4bda08e8f224"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SYS_GPT_ROOT "c31c45e6-3f39-412e-80fb-4809c4980599"
#elif defined(__s390x__)
#define SYS_GPT_ROOT "5eead9a9-fe09-4a1e-a1d7-520d00531306"
#else
#define SYS_GPT_ROOT ""
#endif

#ifdef __s390x__ /* the first two arguments of its clone(2) are the other way round */
#define SYS_CLONE_FLAGS_LAST 1
#else
#define SYS_CLONE_FLAGS_LAST 0
#endif

int sys_openat2(int dirfd, const char *path, const struct open_how *how);
int sys_quotactl(int fd, unsigned command, uint32_t id, void *at); /* quotactl_fd(2), from Linux 5.14 on */
/* As fork(), with CLONE_PIDFD among the flags of the clone(2) of old. */
pid_t sys_clone(uint64_t flags, int *ret_pidfd);
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
/* Also where it is not known (before Linux 5.9), or not with CLOSE_RANGE_CLOEXEC (5.11). */
int sys_close_range(unsigned first, unsigned last, unsigned flags);
union bpf_attr; /* linux/bpf.h */
int sys_bpf(int command, union bpf_attr *attr, unsigned size);
/* This thread is to run within so short a time of waking as one whose turns are of `ns` (100,000 at least), without more of
 * the processor than it had: from Linux 6.12 on, nothing before. Threads and processes that it makes have it from it. */
int sys_sched_slice(uint64_t ns);
/* This process's address space, from now on; unbounded where it is sanitized. */
int sys_bound_memory(uint64_t bytes);
int sys_pivot_root(const char *new_root, const char *put_old);

/* statx's mount id, unique while the mount lives; 0, or -1 with errno. */
int sys_mount_id(int fd, uint64_t *ret);

/* Idmap a detached mount (open_tree with OPEN_TREE_CLONE) with the map of this user namespace; AT_RECURSIVE as given in
 * flags. */
int sys_mount_idmap(int tree, int userns, unsigned flags);

#endif
