/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A root file system that is on a qcow2 disk of the user's and is written to: block by block, what is written goes into a
 * delta of the container's own, and the disk stays as it is. Each container has a server of its own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/mnt.h"
#include "storage/disk_internal.h"
#include "storage/internal.h"

#define DELTA    "delta.block" /* in the container's folder */
#define END_TIME (5 * CLOCK_SECOND)

/* By its folder, which has another name until it is made. */
static char *delta_path(int folder)
{
	autofree char *link = str_fmt("/proc/self/fd/%d", folder), *real = link ? realpath(link, NULL) : NULL;

	return real ? str_fmt("%s/" DELTA, real) : NULL;
}

static int mount_block(const struct storage_place *p, struct disk *disk, struct disk_service *service, struct err *err)
{
	autofree char *delta = delta_path(p->folder);

	*service = (struct disk_service){
		.delta = delta, .uuid = p->uuid, .options = &p->conf->options, .note = p->note, .use = -1
	};
	if (!delta)
		return err_nomem(err);
	return disk_load(p->folder, disk, err) < 0 ? -err->code : disk_mount_served(disk, p->path, p->store, service, err);
}

/* What was not unmounted is recovered now, and not by the first start. */
static int create(const struct storage_place *p, const char *base, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	struct disk_service service;
	autoclose int tree = mount_block(p, &disk, &service, err);

	(void)base; /* the disk is it */
	return tree < 0 ? tree : 0;
}

static int open_block(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		      struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	struct disk_service service;
	autoclose int tree = mount_block(p, &disk, &service, err), use = service.use;
	int r = tree < 0 ? tree : disk_map_ids(p, &disk, tree, ids->userns, err);

	if (r == 0 && p->conf->readonly && (r = mnt_set(tree, &readonly, false)) < 0)
		err_sys(err, -r, "make the root read-only");
	if (r < 0)
		return r;
	*ret = (struct storage_mount){
		.tree = steal_fd(&tree), .use = steal_fd(&use), .own = true, .server = service.server
	};
	return 0;
}

static int close_block(const char *name, const char *object, uint64_t deadline, struct err *err)
{
	(void)name;
	return disk_release(object, true, deadline, err);
}

static int duplicate(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err,
		     int (*how)(int from, int to, const char *name, struct err *err))
{
	autocall(disk_done) struct disk disk = { 0 };
	autoclose int file = openat(from->folder, DELTA, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (from->live)
		return err_set(err, EOPNOTSUPP,
			       "--live: a delta of blocks is copied whole while nobody writes to it: stop it first");
	r = file < 0 ? -errno : lock_take(file, F_RDLCK, 0, 0, clock_in(END_TIME));
	if (r == -EAGAIN)
		return err_set(err, EBUSY, "'" DELTA "' is still being written to");
	if (r < 0)
		return err_sys(err, -r, "open '" DELTA "'");
	if (disk_load(from->folder, &disk, err) < 0 || disk_save(&disk, to->folder, err) < 0 ||
	    how(file, to->folder, DELTA, err) < 0)
		return -err->code;
	*ret_path = strdup(from->conf->path);
	return *ret_path ? 0 : err_nomem(err);
}

static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, ret_path, err, storage_copy_file);
}

static int fork_block(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, ret_path, err, storage_share_file);
}

const struct storage_backend storage_block = {
	.name = "block",
	.own = DELTA,
	.on_disk = true,
	.apart = true,
	.shares = true,
	.create = create,
	.open = open_block,
	.close = close_block,
	.copy = copy,
	.fork = fork_block,
};
