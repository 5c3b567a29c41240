/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/unpack/trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mnt.h"
#include "hook/hook.h"
#include "spec/spec.h"
#include "store/store.h"

void trees_done(struct trees *trees)
{
	strv_done(&trees->paths);
	strv_done(&trees->folders);
}

static int open_tree_of(const struct trees *trees, size_t index, const struct storage_ids *ids, struct storage_mount *ret,
			struct err *err)
{
	const struct rootfs_conf conf = { .path = trees->paths.v[index], .exposed = index == 0 && trees->exposed };
	const char *in = trees->folders.v[index];
	autoclose int folder = *in ? open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct storage_place place = { .conf = &conf, .name = trees->name, .folder = folder };
	const struct storage_backend *backend = storage_find(&conf, &place.path, err);
	autocall(store_done) struct store store = { 0 };
	int r = backend ? store_open(&store, trees->store, err) : -err->code;

	if (r == 0 && *in && folder < 0)
		r = err_sys(err, errno, "open '%s'", in);
	place.store = &store;
	return r < 0 ? r : backend->open(&place, ids, ret, err);
}

struct opened {
	size_t n;
	struct storage_mount *v; /* by index; tree -1: it is not open */
};

static void opened_done(struct opened *o)
{
	for (size_t i = 0; o->v && i < o->n; i++)
		if (o->v[i].tree >= 0)
			close(o->v[i].tree);
	free(o->v);
}

static int opened_init(struct opened *o, size_t n, struct err *err)
{
	*o = (struct opened){ .n = n, .v = calloc(n, sizeof *o->v) };
	for (size_t i = 0; o->v && i < n; i++)
		o->v[i].tree = -1;
	return o->v ? 0 : err_nomem(err);
}

static int sync_all(const struct opened *o, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < o->n && r == 0; i++)
		r = o->v[i].tree < 0 ? 0 : storage_sync(&o->v[i], -1, err);
	return r;
}

int trees_serve(const struct trees *trees, int peer, int userns, const struct idmap *map, struct err *err)
{
	const struct storage_ids ids = spec_ids(map, userns);
	int r = mnt_is_old() ? mnt_stage_apart(HOOK_ROOTFS_MOUNT) : 0;
	autocall(opened_done) struct opened opened = { 0 }; /* some can be opened once alone, and are asked for twice */
	uint32_t index;

	if (r < 0)
		return err_sys(err, -r, "make a place for mounts on '%s'", HOOK_ROOTFS_MOUNT);
	if (opened_init(&opened, trees->paths.n, err) < 0)
		return -err->code;
	while (recv(peer, &index, sizeof index, 0) == sizeof index && index < trees->paths.n) {
		struct storage_mount *root = &opened.v[index];
		if (root->tree < 0 && open_tree_of(trees, index, &ids, root, err) < 0)
			return -err->code;
		r = fd_send(peer, "", 1, &root->tree, 1);
		if (r < 0)
			return err_sys(err, -r, "pass the root file system on");
	}
	return trees->filled ? sync_all(&opened, err) : 0;
}

int trees_ask(int peer, size_t index, struct err *err)
{
	const uint32_t wanted = (uint32_t)index;
	autoclose int tree = -1;
	size_t n = 0;
	char go;

	if (send(peer, &wanted, sizeof wanted, MSG_NOSIGNAL) != sizeof wanted || fd_recv(peer, &go, 1, &tree, 1, &n) != 1 ||
	    n != 1)
		return err_set(err, EIO, "the root file system did not come");
	return steal_fd(&tree);
}

int trees_enter(int peer, size_t index, struct err *err)
{
	autoclose int tree = trees_ask(peer, index, err);

	if (tree < 0)
		return tree;
	return fchdir(tree) < 0 ? err_sys(err, errno, "enter the root file system") : 0;
}
