/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "boot/internal.h"
#include "hook/hook.h"
#include "mount/mount.h"

#define STAGE HOOK_ROOTFS_MOUNT /* nothing but a mount point */

static int make_stage(bool privileged, struct err *err)
{
	int r = mount_part_from_host(privileged, err);

	if (r == 0 && (r = mnt_stage(STAGE)) < 0)
		err_sys(err, -r, "make a place for mounts on '%s'", STAGE);
	return r;
}

int boot_stage_enter(struct boot_stage *s, const struct boot *b, struct err *err)
{
	static bool made;
	autoclose int childs = -1;
	char path[40];
	int r;

	s->home = -1;
	if (!mnt_is_old())
		return 0;
	if (b->peer < 0) { /* no child will come for them */
		r = mnt_stage_apart(STAGE);
		return r < 0 ? err_sys(err, -r, "make a place for mounts on '%s'", STAGE) : 0;
	}
	str_print(path, sizeof path, "/proc/%d/ns/mnt", (int)b->pid);
	childs = open(path, O_RDONLY | O_CLOEXEC);
	s->home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (childs < 0 || s->home < 0 || setns(childs, CLONE_NEWNS) < 0)
		return err_sys(err, errno, "enter the child's mount namespace");
	r = made ? 0 : make_stage(b->spec.container.idmap.mode == IDMAP_NONE, err);
	made = true;
	return r;
}

void boot_stage_leave(struct boot_stage *s)
{
	if (s->home < 0)
		return;
	if (setns(s->home, CLONE_NEWNS) < 0)
		_exit(EXIT_FAILURE); /* all paths would be the container's */
	close(steal_fd(&s->home));
}
