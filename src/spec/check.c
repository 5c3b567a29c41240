/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no single key can tell. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/keys.h"
#include "spec/spec.h"

static int check_idmap(const struct idmap *map, struct err *err)
{
	if (map->mode != IDMAP_MAP)
		return 0;
	for (int gid = 0; gid < 2; gid++)
		if (idmap_to_host(map, gid, 0) == UINT32_MAX)
			return err_set(err, EINVAL, "container.idmap: no range of kind '%c' holds id 0, the guest's root",
				       gid ? 'g' : 'u');
	/* /proc/sys asks for no more than that id: kernel.core_pattern would be the guest's (test_perm() in the kernel's
	 * fs/proc/proc_sysctl.c), and it is masked in privileged containers alone */
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].host == 0)
			return err_set(
				err, EINVAL,
				"container.idmap: '%c %u 0 %u' holds id 0 of the host, its root: that is idmap = none",
				map->v[i].gid ? 'g' : 'u', map->v[i].guest, map->v[i].count);
	return 0;
}

static int clash(const struct wire_forward *a, const struct wire_forward *b, struct err *err)
{
	autocall(str_done) struct str one = { 0 }, other = { 0 };

	net_forward_print(a, &one);
	net_forward_print(b, &other);
	return err_set(err, EINVAL, "forward.port: '%s' and '%s' want the same port of the host", str_text(&one),
		       str_text(&other));
}

static int by_port(const void *a, const void *b)
{
	const struct wire_forward *const *one = a, *const *other = b;

	return (int)(*one)->port - (int)(*other)->port;
}

/* In order of their ports, so that each is compared with its neighbours alone. */
static int check_clashes(const struct forward_conf *f, struct err *err)
{
	autofree const struct wire_forward **v = calloc(f->n, sizeof *v);

	if (!v)
		return err_nomem(err);
	for (size_t i = 0; i < f->n; i++)
		v[i] = &f->v[i];
	qsort(v, f->n, sizeof *v, by_port);
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = i + 1; k < f->n && v[k]->port <= v[i]->last; k++)
			if (net_forward_clash(v[i], v[k]))
				return v[i] < v[k] ? clash(v[i], v[k], err) : clash(v[k], v[i], err);
	return 0;
}

static int check_forwards(const struct net_conf *net, struct err *err)
{
	const struct forward_conf *f = &net->forward;

	if (!f->n)
		return 0;
	if (!net->n || net->v[0].index != 0 || net->v[0].type != NIC_VETH)
		return err_set(err, EINVAL, "forward.port: needs a [net.0] of type veth to forward to");
	return check_clashes(f, err);
}

static int check_size(const struct rootfs_conf *conf, struct err *err)
{
	const char *path;
	const struct storage_backend *backend = storage_find(conf, &path, err);

	if (!backend)
		return -err->code;
	if (conf->size && !backend->resize)
		return err_set(err, EOPNOTSUPP,
			       "rootfs.size: nothing bounds what a container of backend %s takes: one made with -B btrfs or "
			       "-B loop can have a size, or with -B dir where there is project quota",
			       backend->name);
	return 0;
}

int spec_check(const struct spec *spec, struct err *err)
{
	int r;

	if (spec->no_memory)
		return err_nomem(err);
	if (!spec->rootfs.path)
		return err_set(err, EINVAL, "rootfs.path: is not set, BACKEND:PATH such as dir:/var/lib/mgr/web/rootfs");
	r = check_size(&spec->rootfs, err);
	if (r == 0)
		r = check_idmap(&spec->container.idmap, err);
	if (r == 0)
		r = net_check(&spec->net, err);
	if (r == 0)
		r = check_forwards(&spec->net, err);
	if (r == 0 && spec->start.idle_freeze && !spec->net.forward.n)
		r = err_set(err, EINVAL, "start.idle-freeze: there is no forward.port: no connection could thaw it again");
	return r;
}
