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

static int open_tree_of(const struct trees *trees, size_t index, const struct storage_ids *ids, struct err *err)
{
	const struct rootfs_conf conf = { .path = trees->paths.v[index], .exposed = index == 0 && trees->exposed };
	const char *in = trees->folders.v[index];
	autoclose int folder = *in ? open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct storage_place place = { .conf = &conf, .name = trees->name, .folder = folder };
	const struct storage_backend *backend = storage_find(&conf, &place.path, err);
	autocall(store_done) struct store store = { 0 };
	struct storage_mount root;
	int r = backend ? store_open(&store, trees->store, err) : -err->code;

	if (r == 0 && *in && folder < 0)
		r = err_sys(err, errno, "open '%s'", in);
	place.store = &store;
	if (r == 0)
		r = backend->open(&place, ids, &root, err);
	return r < 0 ? r : root.tree;
}

struct opened {
	size_t n;
	int *v; /* by index; -1 */
};

static void opened_done(struct opened *o)
{
	for (size_t i = 0; o->v && i < o->n; i++)
		if (o->v[i] >= 0)
			close(o->v[i]);
	free(o->v);
}

static int opened_init(struct opened *o, size_t n, struct err *err)
{
	*o = (struct opened){ .n = n, .v = calloc(n, sizeof *o->v) };
	for (size_t i = 0; o->v && i < n; i++)
		o->v[i] = -1;
	return o->v ? 0 : err_nomem(err);
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
		int *tree = &opened.v[index];
		if (*tree < 0)
			*tree = open_tree_of(trees, index, &ids, err);
		if (*tree < 0)
			return *tree;
		r = fd_send(peer, "", 1, tree, 1);
		if (r < 0)
			return err_sys(err, -r, "pass the root file system on");
	}
	return 0;
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
