/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes each system call that the default filter denies, with arguments that could do no harm if it were allowed, and prints
 * what came of it: "NAME ERRNO". For a guest: static, and without a library's help. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *name, long r)
{
	printf("%s %s\n", name, r < 0 ? strerrorname_np(errno) : "allowed");
}

#define TRY(name, ...) show(#name, syscall(SYS_##name, __VA_ARGS__))

#ifdef __x86_64__
/* The 32-bit interface, which any 64-bit process can use too. */
static long call32(long nr)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	if (r < 0 && r > -4096) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

static void foreign(void)
{
	show("i386:finit_module", call32(350));
	show("i386:keyctl", call32(288));
	show("i386:stime", call32(25));
	show("i386:clock_settime64", call32(404));
	show("i386:open_by_handle_at", call32(342));
	show("i386:getpid", call32(20));
	show("x32:getpid", syscall(0x40000000 + SYS_getpid));
	TRY(iopl, 0);
	TRY(ioperm, 0, 1, 0);
}
#else
static void foreign(void)
{
}
#endif

static void denied(void)
{
	struct timespec now;
	char c = 'x';

	clock_gettime(CLOCK_REALTIME, &now);
	TRY(init_module, NULL, 0, "");
	TRY(finit_module, -1, "", 0);
	TRY(delete_module, "no_such_module", O_NONBLOCK);
	TRY(kexec_load, 0, 0, NULL, KEXEC_ARCH_DEFAULT);
	TRY(kexec_file_load, -1, -1, 0, NULL, 0);
	TRY(clock_settime, CLOCK_MONOTONIC, &now);
	TRY(settimeofday, NULL, NULL);
	TRY(open_by_handle_at, AT_FDCWD, NULL, 0);
	TRY(add_key, "user", "mgr", "x", 1, -3);
	TRY(keyctl, 0, -3, 0, 0, 0);
	TRY(request_key, "user", "mgr", NULL, 0);
	show("TIOCSTI", ioctl(0, TIOCSTI, &c));
	show("TIOCSTI-high-bits", syscall(SYS_ioctl, 0, UINT64_C(0x100000000) | TIOCSTI, &c));
	show("TIOCLINUX", ioctl(0, TIOCLINUX, &c));
	TRY(syslog, 10, NULL, 0);
	TRY(swapon, "/nonsuch", 0);
	TRY(swapoff, "/nonsuch");
	TRY(acct, NULL);
	TRY(bpf, 0, NULL, 0);
	TRY(perf_event_open, NULL, 0, -1, -1, 0);
	TRY(userfaultfd, 1);
	show("umount-force", umount2("/nonsuch", MNT_FORCE));
}

/* What a machine needs, and sandboxes inside it. */
static void allowed(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | 17, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	show("clone-newuser", pid);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	show("umount", umount2("/nonsuch", 0));
	show("name_to_handle_at", syscall(SYS_name_to_handle_at, AT_FDCWD, "/nonsuch", NULL, NULL, 0));
}

int main(void)
{
	denied();
	foreign();
	allowed();
	return 0;
}
