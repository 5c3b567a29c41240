/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of the managed network that a configuration names: in the registry of leases too, so that each is one's. */
#include <errno.h>
#include <string.h>

#include "net/addr.h"
#include "net/net.h"
#include "store/leases.h"

static int claim(const struct nic_addr *addr, const struct store *store, const char *name, const char *uuid, struct err *err)
{
	struct in_addr net, own;
	unsigned prefix;
	int r = leases_subnet(store, &net, &prefix, err);

	if (r < 0)
		return r;
	memcpy(&own, addr->addr, sizeof own);
	if (addr->prefix != prefix)
		return err_set(err, EINVAL, "the managed network's prefix is /%u", prefix);
	return leases_claim(store, uuid, name, own, err);
}

int net_claim(const struct net_conf *conf, const struct store *store, const char *name, const char *uuid, struct err *err)
{
	char text[NIC_ADDR_TEXT];

	for (size_t i = 0; i < conf->n; i++)
		for (size_t k = 0; net_is_managed(&conf->v[i]) && k < conf->v[i].ipv4.n; k++)
			if (claim(&conf->v[i].ipv4.v[k], store, name, uuid, err) < 0)
				return err_wrap(err, "net.%u.ipv4.address: %s", conf->v[i].index,
						addr_text(&conf->v[i].ipv4.v[k], text));
	return 0;
}
