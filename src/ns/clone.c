/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ns/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clone.h"
#include "base/file.h"
#include "base/str.h"

/* By container root's host id. Without SECBIT_NO_SETUID_FIXUP the change of id would cost every capability
 * (capabilities(7)); the child starts with the new namespace's full set and no securebits. */
static pid_t clone_as(uid_t uid, uint64_t flags, int cgroup, int *ret_pidfd, struct err *err)
{
	int bits = prctl(PR_GET_SECUREBITS);
	pid_t pid;

	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(err, errno, "keep capabilities over a change of user");
	if (setresuid((uid_t)-1, uid, (uid_t)-1) < 0)
		return err_sys(err, errno, "become user %u", uid);
	pid = clone_process(flags, cgroup, ret_pidfd);
	if (pid == 0)
		return 0;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) < 0 || prctl(PR_SET_SECUREBITS, bits) < 0)
		return err_sys(err, errno, "become root again");
	return pid < 0 ? err_sys(err, -pid, "clone into new namespaces") : pid;
}

pid_t ns_clone(const struct ns_clone *how, int *ret_pidfd, struct err *err)
{
	uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | (how->own_net ? CLONE_NEWNET : 0);
	pid_t pid;

	if (how->map->mode != IDMAP_NONE)
		return clone_as(idmap_root(how->map, false), flags | CLONE_NEWUSER, how->cgroup, ret_pidfd, err);
	pid = clone_process(flags, how->cgroup, ret_pidfd);
	return pid < 0 ? err_sys(err, -pid, "clone into new namespaces") : pid;
}

static int write_map(pid_t child, const struct idmap *map, bool gid, struct err *err)
{
	char path[48], text[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_range *r = &map->v[i];
		if (r->gid != gid)
			continue;
		if (str_print(text + used, sizeof text - used, "%u %u %u\n", r->guest, r->host, r->count) < 0)
			return err_set(err, E2BIG, "id map: too many ranges");
		used += strlen(text + used);
	}
	str_print(path, sizeof path, "/proc/%d/%s", (int)child, gid ? "gid_map" : "uid_map");
	return file_write_at(AT_FDCWD, path, text, err);
}

int ns_map_ids(pid_t child, const struct idmap *map, int *ret_userns, struct err *err)
{
	char path[48];
	int r;

	*ret_userns = -1;
	if (map->mode == IDMAP_NONE)
		return 0;
	r = write_map(child, map, false, err);
	if (r == 0)
		r = write_map(child, map, true, err);
	if (r < 0)
		return r;
	str_print(path, sizeof path, "/proc/%d/ns/user", (int)child);
	*ret_userns = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_userns < 0 ? err_sys(err, errno, "open '%s'", path) : 0;
}

int ns_become_root(const struct idmap *map, struct err *err)
{
	if (map->mode != IDMAP_NONE) {
		if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
			return err_sys(err, errno, "become root of the container");
		/* lost with the change of ids; without it our own /proc files belong to nobody in here */
		if (prctl(PR_SET_DUMPABLE, 1) < 0)
			return err_sys(err, errno, "become dumpable");
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(err, errno, "set the parent-death signal");
	return 0;
}

int ns_set_hostname(const char *name, struct err *err)
{
	return sethostname(name, strlen(name)) < 0 ? err_sys(err, errno, "set the host name '%s'", name) : 0;
}

int ns_leave_keyring(struct err *err)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return err_sys(err, errno, "leave the host's session keyring");
	return 0;
}
