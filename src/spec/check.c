/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no single key can tell. */
#include <errno.h>
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

static int check_nic(const struct nic_conf *nic, struct err *err)
{
	const bool lower = nic->type == NIC_MACVLAN || nic->type == NIC_PHYS;

	if (lower && (!nic->link || str_eq(nic->link, "none")))
		return err_set(err, EINVAL, "net.%u.link: is not set: the interface of the host that a %s is made of",
			       nic->index, nic->type == NIC_PHYS ? "phys" : "macvlan");
	if (nic->pair && nic->type != NIC_VETH)
		return err_set(err, EINVAL, "net.%u.veth.pair: only a veth has two ends", nic->index);
	if (nic->mode != MODE_PRIVATE && nic->type != NIC_MACVLAN)
		return err_set(err, EINVAL, "net.%u.macvlan.mode: the interface is no macvlan", nic->index);
	return 0;
}

static int check_pair(const struct nic_conf *a, const struct nic_conf *b, struct err *err)
{
	char name[16], other[16];

	if (net_nic_name(a, name) < 0 || net_nic_name(b, other) < 0)
		return err_set(err, EINVAL, "net.%u.name: is too long", b->index);
	if (a->type == NIC_HOST || b->type == NIC_HOST)
		return err_set(err, EINVAL, "net.%u.type: a container that shares the host's network has no other interface",
			       a->type == NIC_HOST ? a->index : b->index);
	if (a->type == NIC_EMPTY || b->type == NIC_EMPTY)
		return 0;
	if (str_eq(name, other))
		return err_set(err, EINVAL, "net.%u.name: '%s' is the name of net.%u too", b->index, other, a->index);
	if (net_takes_lease(a) && net_takes_lease(b))
		return err_set(
			err, EINVAL,
			"net.%u.ipv4.address: a container has one leased address, which is net.%u's: give it another one, "
			"'none', or another bridge",
			b->index, a->index);
	if (a->has_hwaddr && b->has_hwaddr && memcmp(a->hwaddr, b->hwaddr, sizeof a->hwaddr) == 0)
		return err_set(err, EINVAL, "net.%u.hwaddr: net.%u has the same", b->index, a->index);
	if (a->type == NIC_PHYS && b->type == NIC_PHYS && str_eq(a->link, b->link))
		return err_set(err, EINVAL, "net.%u.link: net.%u has '%s' already", b->index, a->index, a->link);
	if (a->pair && str_eq(a->pair, b->pair))
		return err_set(err, EINVAL, "net.%u.veth.pair: net.%u has the same", b->index, a->index);
	return 0;
}

static int check_nics(const struct net_conf *net, struct err *err)
{
	for (size_t i = 0; i < net->n; i++)
		if (check_nic(&net->v[i], err) < 0)
			return -err->code;
	for (size_t i = 0; i < net->n; i++)
		for (size_t k = i + 1; k < net->n; k++) {
			int r = check_pair(&net->v[i], &net->v[k], err);
			if (r < 0)
				return r;
		}
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

static int check_forwards(const struct net_conf *net, struct err *err)
{
	const struct forward_conf *f = &net->forward;

	if (!f->n)
		return 0;
	if (!net->n || net->v[0].index != 0 || net->v[0].type != NIC_VETH)
		return err_set(err, EINVAL, "forward.port: needs a [net.0] of type veth to forward to");
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = i + 1; k < f->n; k++)
			if (net_forward_clash(&f->v[i], &f->v[k]))
				return clash(&f->v[i], &f->v[k], err);
	return 0;
}

int spec_check(const struct spec *spec, struct err *err)
{
	int r;

	if (spec->no_memory)
		return err_nomem(err);
	if (!spec->rootfs.path)
		return err_set(err, EINVAL, "rootfs.path: is not set, BACKEND:PATH such as dir:/var/lib/mgr/web/rootfs");
	r = check_idmap(&spec->container.idmap, err);
	if (r == 0)
		r = check_nics(&spec->net, err);
	if (r == 0)
		r = check_forwards(&spec->net, err);
	return r;
}
