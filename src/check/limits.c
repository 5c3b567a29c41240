/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of the kernel's that a host with many containers meets. What is counted by user is each container's own, as its
 * user namespace is made by its own id. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check/internal.h"

/* least: for CHECK_HOSTS guests with systemd, some 40 processes each; or for one, where the count is its own. */
static const struct limit {
	const char *name, *path; /* below /proc/sys */
	uint64_t least;
	const char *advice;
} limits[] = {
	{ "keys", "kernel/keys/maxkeys", 200, "systemd inside keeps a keyring a service: sysctl kernel.keys.maxkeys=2000" },
	{ "key bytes", "kernel/keys/maxbytes", 20000,
	  "systemd inside keeps a keyring a service: sysctl kernel.keys.maxbytes=2000000" },
	{ "root's keys", "kernel/keys/root_maxkeys", 10000,
	  "privileged containers share root's: sysctl kernel.keys.root_maxkeys=1000000" },
	{ "inotify instances", "fs/inotify/max_user_instances", 128,
	  "systemd inside uses some 60, privileged containers share root's: sysctl fs.inotify.max_user_instances=1024" },
	{ "inotify watches", "fs/inotify/max_user_watches", 8192, "sysctl fs.inotify.max_user_watches=524288" },
	{ "terminals", "kernel/pty/max", 2048, "a container has one and more of them: sysctl kernel.pty.max=4096" },
	{ "open files", "fs/file-max", 200000, "sysctl fs.file-max=2097152" },
	{ "open files of one", "fs/nr_open", 524288, "init's hard limit is 524288: sysctl fs.nr_open=1048576" },
	{ "processes", "kernel/pid_max", 32768, "sysctl kernel.pid_max=4194304" },
	{ "threads", "kernel/threads-max", 32768, "sysctl kernel.threads-max=262144" },
	{ "user namespaces", "user/max_user_namespaces", 1, "sysctl user.max_user_namespaces=15000" },
	{ "network namespaces", "user/max_net_namespaces", 1, "sysctl user.max_net_namespaces=15000" },
	{ "neighbours", "net/ipv4/neigh/default/gc_thresh3", 1024,
	  "with more addresses on a bridge packets are lost: sysctl net.ipv4.neigh.default.gc_thresh3=8192" },
	{ "neighbours of IPv6", "net/ipv6/neigh/default/gc_thresh3", 1024,
	  "with more addresses on a bridge packets are lost: sysctl net.ipv6.neigh.default.gc_thresh3=8192" },
	{ "connections", "net/netfilter/nf_conntrack_max", 65536, "sysctl net.netfilter.nf_conntrack_max=262144" },
};

static void look(const struct check *c, const struct limit *limit)
{
	autofree char *path = str_fmt("/proc/sys/%s", limit->path);
	char text[64];
	uint64_t value;

	if (!path || file_read_small_at(AT_FDCWD, path, text, sizeof text, NULL) <= 0)
		return; /* this kernel, or this network namespace, has no such limit */
	value = strtoull(text, NULL, 10);
	if (value < limit->least)
		check_say(c, limit->name, CHECK_WARNING, limit->advice, "%s is %s, less than %ju", path, text,
			  (uintmax_t)limit->least);
	else
		check_say(c, limit->name, CHECK_OK, NULL, "%s is %s", path, text);
}

void check_limits(struct check *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		look(c, &limits[i]);
}
