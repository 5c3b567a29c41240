/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/internal.h"

static const struct {
	int type;
	const char *name;     /* as in /proc/PID/ns */
	const char *variable; /* behind MGR_ and LXC_ */
} namespaces[] = {
	{ CLONE_NEWUSER, "user", "USER_NS" },       { CLONE_NEWNS, "mnt", "MNT_NS" },  { CLONE_NEWPID, "pid", "PID_NS" },
	{ CLONE_NEWUTS, "uts", "UTS_NS" },          { CLONE_NEWIPC, "ipc", "IPC_NS" }, { CLONE_NEWNET, "net", "NET_NS" },
	{ CLONE_NEWCGROUP, "cgroup", "CGROUP_NS" },
};

/* Under both names; nothing when there is no value. */
static int add(struct strv *env, const char *name, const char *value)
{
	if (!value)
		return 0;
	return strv_addf(env, "MGR_%s=%s", name, value) < 0 || strv_addf(env, "LXC_%s=%s", name, value) < 0 ? -1 : 0;
}

/* Where the manager's own commands look, so that a hook may run them. */
static int add_inherited(struct strv *env)
{
	static const char *const names[] = { "MGR_ROOT", "MGR_CACHE" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);
		if (value)
			r |= strv_addf(env, "%s=%s", names[i], value);
	}
	return r;
}

static int add_namespaces(struct strv *argv, struct strv *env, const struct hook_facts *facts)
{
	int r = 0;

	for (size_t i = 0; i < facts->n_namespaces; i++) {
		int type = ioctl(facts->namespaces[i], NS_GET_NSTYPE);
		autofree char *path = str_fmt("/proc/%d/fd/%d", (int)getpid(), facts->namespaces[i]);
		for (size_t k = 0; k < ARRAY_SIZE(namespaces); k++)
			if (namespaces[k].type == type)
				r |= path ? strv_addf(argv, "%s:%s", namespaces[k].name, path) |
						     add(env, namespaces[k].variable, path)
					  : -1;
	}
	return r;
}

int hook_environment(const struct hook_facts *facts, const struct hook_call *call, struct strv *env)
{
	char pid[16];

	str_print(pid, sizeof pid, "%d", (int)facts->pid);
	return add_inherited(env) | strv_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") |
	       strv_add(env, "HOME=/root") | add(env, "NAME", facts->name) | add(env, "CONFIG_FILE", facts->config) |
	       add(env, "ROOTFS_PATH", facts->rootfs) | add(env, "ROOTFS_MOUNT", call->rootfs_mount) |
	       add(env, "CONSOLE", facts->console) | add(env, "CONSOLE_LOGPATH", facts->console_log) |
	       add(env, "PID", facts->pid ? pid : NULL) | add(env, "TARGET", facts->target) |
	       add(env, "HOOK_TYPE", call->type) | add(env, "HOOK_SECTION", call->section) |
	       add(env, "NET_TYPE", call->net_type) | add(env, "NET_PEER", call->net_device) |
	       strv_add(env, "LXC_HOOK_VERSION=0") | strv_add(env, "LXC_CGNS_AWARE=1");
}

int hook_arguments(const struct hook_facts *facts, const struct hook_call *call, struct strv *argv, struct strv *env)
{
	int r = strv_add(argv, facts->name) | strv_add(argv, call->section) | strv_add(argv, call->type);

	if (call->net_type)
		r |= strv_add(argv, call->net_type);
	if (call->net_device)
		r |= strv_add(argv, call->net_device);
	return r | add_namespaces(argv, env, facts);
}
