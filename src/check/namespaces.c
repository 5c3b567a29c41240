/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "check/internal.h"
#include "ns/ns.h"

static int make(const void *arg, struct err *err)
{
	return unshare(*(const int *)arg) < 0 ? err_sys(err, errno, "make one") : 0;
}

/* As a container's: by its own id, with 65536 ids. *ret: the user namespace. */
static int make_user(int *ret, struct err *err)
{
	const struct idmap map = {
		.mode = IDMAP_MAP,
		.n = 2,
		.v = { { .host = CHECK_ID, .count = CHECK_IDS }, { .host = CHECK_ID, .count = CHECK_IDS, .gid = true } },
	};
	const struct ns_clone how = { .map = &map, .cgroup = -1, .own_net = true };
	int pidfd = -1, r;
	pid_t pid = ns_clone(&how, &pidfd, err);

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return pid;
	r = ns_map_ids(pid, &map, ret, err);
	sys_pidfd_send_signal(pidfd, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pidfd);
	return r;
}

void check_namespaces(struct check *c)
{
	static const struct {
		const char *name;
		int flag;
		const char *advice;
	} kinds[] = {
		{ "mount", CLONE_NEWNS, "root may not make one here: in a container, give it CAP_SYS_ADMIN" },
		{ "pid", CLONE_NEWPID, "a kernel with CONFIG_PID_NS is needed" },
		{ "uts", CLONE_NEWUTS, "a kernel with CONFIG_UTS_NS is needed" },
		{ "ipc", CLONE_NEWIPC, "a kernel with CONFIG_IPC_NS is needed" },
		{ "network", CLONE_NEWNET, "a kernel with CONFIG_NET_NS is needed" },
		{ "cgroup", CLONE_NEWCGROUP, "a kernel with CONFIG_CGROUPS, 4.6 or later, is needed" },
	};
	struct err err = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		r = check_try(make, &kinds[i].flag, &err);
		check_tried(c, kinds[i].name, r, CHECK_FAILED, kinds[i].advice, &err, "can be made");
	}
	r = make_user(&c->userns, &err);
	check_tried(c, "user", r, CHECK_FAILED,
		    "a kernel with CONFIG_USER_NS is needed, and sysctl user.max_user_namespaces above 0; without it only "
		    "container.idmap = none starts",
		    &err, "can be made, with 65536 ids");
}
