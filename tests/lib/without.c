/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* without WHAT[,WHAT...] -- COMMAND [ARG...]: an older kernel, for the command and all its children. WHAT is
 *
 *   mount_setattr                   the name of a system call: it is answered with ENOSYS
 *   cgroup.kill                     the name of a file (it has a dot): nobody finds one that is called so
 *   clone3:CLONE_INTO_CGROUP        E2BIG, as of a kernel that does not know the field of the cgroup
 *   mount_setattr:MOUNT_ATTR_IDMAP  EINVAL, as of a file system without it
 *   setns:pidfd                     EINVAL, as when it took descriptors of namespaces alone
 *   bpf:BPF_F_REPLACE               EINVAL, as when a program could not take another one's place
 *
 * The first is a seccomp filter. For the others, whose arguments lie in memory, the filter asks a process of ours
 * (seccomp_unotify(2)), which goes when the last one that could ask has gone. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES 8

static const char *files[FILES];
static size_t n_files;

/* Which argument is a path. */
static const struct {
	int nr;
	unsigned arg;
} paths[] = { { SCMP_SYS(open), 0 },      { SCMP_SYS(openat), 1 },     { SCMP_SYS(openat2), 1 },    { SCMP_SYS(access), 0 },
	      { SCMP_SYS(faccessat), 1 }, { SCMP_SYS(faccessat2), 1 }, { SCMP_SYS(newfstatat), 1 }, { SCMP_SYS(statx), 1 } };

static void die(const char *what)
{
	fprintf(stderr, "without: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* --- the process that is asked ----------------------------------------------------------------------------------------- */

static ssize_t read_memory(pid_t pid, uint64_t at, void *to, size_t size)
{
	const struct iovec here = { to, size }, there = { (void *)(uintptr_t)at, size };

	return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* A page at a time: what is behind the string's end may not be there. */
static void read_path(pid_t pid, uint64_t at, char *to, size_t size)
{
	size_t used = 0;

	for (;;) {
		size_t part = 4096 - ((at + used) & 4095);
		if (part > size - 1 - used)
			part = size - 1 - used;
		ssize_t n = part ? read_memory(pid, at + used, to + used, part) : 0;
		to[used + (n > 0 ? (size_t)n : 0)] = '\0';
		if (n <= 0 || memchr(to + used, '\0', (size_t)n))
			return;
		used += (size_t)n;
	}
}

static int answer_path(pid_t pid, uint64_t at)
{
	char path[4097];
	const char *name;

	read_path(pid, at, path, sizeof path);
	name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	for (size_t i = 0; i < n_files; i++)
		if (strcmp(name, files[i]) == 0)
			return -ENOENT;
	return 0;
}

static int answer_flag(pid_t pid, uint64_t at, uint64_t flag, int error)
{
	uint64_t flags;

	return read_memory(pid, at, &flags, sizeof flags) == sizeof flags && (flags & flag) ? -error : 0;
}

static int answer_setns(pid_t pid, int fd)
{
	char link[64], target[64] = "";

	snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, fd);
	(void)!readlink(link, target, sizeof target - 1);
	return strstr(target, "pidfd") ? -EINVAL : 0;
}

/* 0: the kernel may go on with it. */
static int answer(const struct seccomp_notif *q)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (q->data.nr == paths[i].nr)
			return answer_path((pid_t)q->pid, q->data.args[paths[i].arg]);
	if (q->data.nr == SCMP_SYS(clone3))
		return answer_flag((pid_t)q->pid, q->data.args[0], CLONE_INTO_CGROUP, E2BIG);
	if (q->data.nr == SCMP_SYS(mount_setattr))
		return answer_flag((pid_t)q->pid, q->data.args[3], MOUNT_ATTR_IDMAP, EINVAL);
	if (q->data.nr == SCMP_SYS(bpf))
		return q->data.args[0] != BPF_PROG_ATTACH
			       ? 0
			       : answer_flag((pid_t)q->pid, q->data.args[1] + offsetof(union bpf_attr, attach_flags),
					     BPF_F_REPLACE, EINVAL);
	return answer_setns((pid_t)q->pid, (int)q->data.args[0]);
}

static void serve(int notify)
{
	struct seccomp_notif *q;
	struct seccomp_notif_resp *a;
	struct pollfd p = { .fd = notify, .events = POLLIN };

	if (seccomp_notify_alloc(&q, &a) < 0)
		_exit(1);
	while (poll(&p, 1, -1) >= 0 && !(p.revents & POLLHUP)) {
		memset(q, 0, sizeof *q);
		if (seccomp_notify_receive(notify, q) < 0)
			continue;
		*a = (struct seccomp_notif_resp){ .id = q->id, .error = answer(q) };
		a->flags = a->error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		seccomp_notify_respond(notify, a);
	}
	_exit(0);
}

static int take(int sock)
{
	char byte, space[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
	int fd;

	if (recvmsg(sock, &m, 0) != 1 || !CMSG_FIRSTHDR(&m))
		_exit(0);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

static void give(int sock, int fd)
{
	char byte = 0, space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };

	*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
	if (sendmsg(sock, &m, 0) != 1)
		die("hand the filter over");
}

/* Nobody's child, and with nothing of the command's: whoever waits for its output does not wait for us. */
static int start_server(void)
{
	int pair[2], null;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		die("make a socket pair");
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		dup2(pair[1], 3);
		close_range(4, ~0U, 0);
		serve(take(3));
	}
	wait(NULL);
	close(pair[1]);
	return pair[0];
}

/* --- the filter -------------------------------------------------------------------------------------------------------- */

static void rule(scmp_filter_ctx filter, uint32_t action, int nr)
{
	errno = -seccomp_rule_add(filter, action, nr, 0);
	if (errno)
		die("make the filter");
}

/* Must somebody be asked? */
static bool add(scmp_filter_ctx filter, const char *what)
{
	static const char *const asked[] = { "clone3:CLONE_INTO_CGROUP", "mount_setattr:MOUNT_ATTR_IDMAP", "setns:pidfd",
					     "bpf:BPF_F_REPLACE" };
	static const int calls[] = { SCMP_SYS(clone3), SCMP_SYS(mount_setattr), SCMP_SYS(setns), SCMP_SYS(bpf) };
	int nr;

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (strcmp(what, asked[i]) == 0) {
			rule(filter, SCMP_ACT_NOTIFY, calls[i]);
			return true;
		}
	if (strchr(what, '.') && n_files < FILES) {
		files[n_files++] = what;
		for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
			rule(filter, SCMP_ACT_NOTIFY, paths[i].nr);
		return true;
	}
	nr = seccomp_syscall_resolve_name(what);
	if (nr == __NR_SCMP_ERROR) {
		fprintf(stderr, "without: '%s' is no system call\n", what);
		exit(64);
	}
	rule(filter, SCMP_ACT_ERRNO(ENOSYS), nr);
	return false;
}

int main(int argc, char *argv[])
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ask = false;
	int server = -1;

	if (argc < 4 || strcmp(argv[2], "--") != 0) {
		fprintf(stderr, "usage: without WHAT[,WHAT...] -- COMMAND [ARG...]\n");
		return 64;
	}
	for (char *what = strtok(argv[1], ","); what; what = strtok(NULL, ","))
		ask |= add(filter, what);
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0)
		die("do without no_new_privs");
	if (ask)
		server = start_server();
	errno = -seccomp_load(filter);
	if (errno)
		die("load the filter");
	if (ask)
		give(server, seccomp_notify_fd(filter));
	execvp(argv[3], argv + 3);
	die(argv[3]);
}
