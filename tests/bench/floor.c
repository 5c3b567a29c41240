/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* floor ROOT INIT [ARG...]: the kernel's part of a container start, in order, with nothing around it. What no manager can be
 * faster than on this machine.
 *
 * ROOT needs proc/, sys/, dev/ and INIT (a static busybox does). A user namespace (ids 100000 to 165535), cgroups in every
 * hierarchy, a veth whose host end is a port of the bridge $FLOOR_BRIDGE, an address; then INIT is exec'd, and killed. Ends
 * with 0 when that went well. FLOOR_VERBOSE=1 prints microseconds since the start at each stage. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CGROUPS 16

struct cgroups {
	size_t n;
	char path[MAX_CGROUPS][160];
	int v2; /* descriptor for clone3, or -1 */
};

static long since_start(void)
{
	static struct timespec first;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!first.tv_sec)
		first = now;
	return (now.tv_sec - first.tv_sec) * 1000000 + (now.tv_nsec - first.tv_nsec) / 1000;
}

static void stage(const char *name)
{
	long us = since_start();

	if (getenv("FLOOR_VERBOSE"))
		fprintf(stderr, "%8ld us  %s\n", us, name);
}

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* A folder in each hierarchy that is mounted below /sys/fs/cgroup. */
static void make_cgroups(struct cgroups *cg)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char from[64], at[96], type[16];

	cg->v2 = -1;
	while (mounts && cg->n < MAX_CGROUPS && fscanf(mounts, "%63s %95s %15s %*[^\n]", from, at, type) == 3) {
		char *path = cg->path[cg->n];
		if (strncmp(type, "cgroup", 6) != 0 || strncmp(at, "/sys/fs/cgroup", 14) != 0)
			continue;
		snprintf(path, sizeof cg->path[0], "%s/floor%d", at, (int)getpid());
		if (mkdir(path, 0755) < 0 && errno == EEXIST)
			continue; /* this hierarchy is mounted twice */
		if (strcmp(type, "cgroup2") == 0) {
			cg->v2 = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		} else if (strstr(at, "cpuset")) {
			put(path, "cpuset.cpus", "0");
			put(path, "cpuset.mems", "0");
		}
		cg->n++;
	}
	if (mounts)
		fclose(mounts);
}

static void join_cgroups(const struct cgroups *cg, pid_t pid)
{
	char text[16], v2[64] = "", link[32];

	snprintf(text, sizeof text, "%d", (int)pid);
	snprintf(link, sizeof link, "/proc/self/fd/%d", cg->v2);
	if (cg->v2 >= 0 && readlink(link, v2, sizeof v2 - 1) < 0)
		die(link);
	for (size_t i = 0; i < cg->n; i++)
		if (strcmp(cg->path[i], v2) != 0)
			put(cg->path[i], "cgroup.procs", text);
}

static void mount_or_exit(const char *from, const char *to, const char *type, unsigned long flags, const char *data)
{
	if (mount(from, to, type, flags, data) < 0)
		_exit(1);
}

static void make_dev(void)
{
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
	char from[32], to[32];

	mount_or_exit("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755");
	mkdir("dev/pts", 0755);
	mount_or_exit("devpts", "dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620");
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		snprintf(from, sizeof from, "/dev/%s", nodes[i]);
		snprintf(to, sizeof to, "dev/%s", nodes[i]);
		close(open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
		mount_or_exit(from, to, NULL, MS_BIND, NULL);
	}
}

static void child(const char *root, char **init, int go)
{
	char byte;
	int null;

	if (read(go, &byte, 1) != 1 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		_exit(1);
	mount_or_exit(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount_or_exit(root, root, NULL, MS_BIND | MS_REC, NULL);
	if (chdir(root) < 0)
		_exit(1);
	mount_or_exit("proc", "proc", "proc", 0, NULL);
	mount_or_exit("sysfs", "sys", "sysfs", MS_RDONLY, NULL);
	make_dev();
	sethostname("floor", 5);
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		_exit(1);
	setsid();
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	execv(init[0], init);
	_exit(127);
}

static void add_veth(struct nl_sock *sock, const char *bridge, pid_t pid)
{
	struct rtnl_link *veth = rtnl_link_veth_alloc(), *peer = rtnl_link_veth_get_peer(veth);
	char name[IFNAMSIZ];
	int r;

	snprintf(name, sizeof name, "fl%d", (int)getpid());
	rtnl_link_set_name(veth, name);
	rtnl_link_set_name(peer, "eth0");
	rtnl_link_set_ns_pid(peer, pid);
	rtnl_link_set_master(veth, (int)if_nametoindex(bridge));
	rtnl_link_set_flags(veth, IFF_UP);
	r = rtnl_link_add(sock, veth, NLM_F_CREATE | NLM_F_EXCL);
	if (r < 0) {
		fprintf(stderr, "floor: a veth on the bridge '%s': %s\n", bridge, nl_geterror(r));
		exit(1);
	}
	rtnl_link_put(peer);
	rtnl_link_put(veth);
}

static void link_up(struct nl_sock *sock, const char *name)
{
	struct rtnl_link *link = rtnl_link_alloc(), *up = rtnl_link_alloc();

	rtnl_link_set_name(link, name);
	rtnl_link_set_flags(up, IFF_UP);
	rtnl_link_change(sock, link, up, 0);
	rtnl_link_put(link);
	rtnl_link_put(up);
}

static void network(const char *bridge, pid_t pid)
{
	struct nl_sock *host = nl_socket_alloc(), *guest = nl_socket_alloc();
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there;
	char path[32];

	nl_connect(host, NETLINK_ROUTE);
	add_veth(host, bridge, pid);
	stage("veth");
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (setns(there, CLONE_NEWNET) < 0 || nl_connect(guest, NETLINK_ROUTE) < 0 || setns(here, CLONE_NEWNET) < 0)
		die("enter the network namespace");
	link_up(guest, "eth0");
	link_up(guest, "lo");
	nl_addr_parse("10.0.3.77/24", AF_INET, &local);
	rtnl_addr_set_local(addr, local);
	rtnl_addr_set_ifindex(addr, 2);
	rtnl_addr_add(guest, addr, 0);
	stage("address");
}

static pid_t start(const struct cgroups *cg, char **argv, int go[2], int execed[2])
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP |
			 CLONE_NEWUSER,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (cg->v2 >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cg->v2;
	}
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(execed, O_CLOEXEC) < 0)
		die("pipe");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		close(go[1]);
		child(argv[1], argv + 2, go[0]);
	}
	close(execed[1]);
	close(go[0]);
	return pid;
}

int main(int argc, char **argv)
{
	const char *bridge = getenv("FLOOR_BRIDGE");
	struct cgroups cg = { 0 };
	int go[2], execed[2], status;
	char proc[32], byte;
	ssize_t n;
	pid_t pid;

	if (argc < 3)
		return 64;
	stage("start");
	make_cgroups(&cg);
	stage("cgroups made");
	pid = start(&cg, argv, go, execed);
	stage("clone3");
	snprintf(proc, sizeof proc, "/proc/%d", (int)pid);
	put(proc, "uid_map", "0 100000 65536");
	put(proc, "gid_map", "0 100000 65536");
	stage("id maps");
	join_cgroups(&cg, pid);
	stage("cgroups joined");
	if (bridge)
		network(bridge, pid);
	if (write(go[1], "x", 1) != 1)
		die("write");
	n = read(execed[0], &byte, 1); /* 0: closed by a successful exec */
	stage("exec");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	for (size_t i = 0; i < cg.n; i++)
		rmdir(cg.path[i]);
	stage("gone");
	if (n == 0 && WIFSIGNALED(status))
		return 0;
	fprintf(stderr, "floor: '%s' did not run in '%s'\n", argv[2], argv[1]);
	return 1;
}
