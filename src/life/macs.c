/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardware addresses that two configurations have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "life/config.h"
#include "life/glance.h"

#define MAC_TEXT 18

static const char *mac_text(const struct nic_conf *nic, char text[static MAC_TEXT])
{
	const uint8_t *m = nic->hwaddr;

	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return text;
}

/* On one network, or on one link of the host's. */
static bool meet(const struct nic_conf *a, const struct nic_conf *b)
{
	const bool managed = net_is_managed(a);

	if (managed != net_is_managed(b))
		return false;
	if (managed)
		return str_eq(net_network(a), net_network(b));
	return a->link && b->link && str_eq(a->link, b->link) && !str_eq(a->link, "none");
}

static bool share(const struct nic_conf *a, const struct nic_conf *b)
{
	return a->has_hwaddr && b->has_hwaddr && memcmp(a->hwaddr, b->hwaddr, sizeof a->hwaddr) == 0 && meet(a, b);
}

/* 1: it has, with err. */
static int compare(const struct net_conf *own, const struct net_conf *others, const char *other, struct err *err)
{
	char text[MAC_TEXT];

	for (size_t i = 0; i < own->n; i++)
		for (size_t k = 0; k < others->n; k++) {
			if (!share(&own->v[i], &others->v[k]))
				continue;
			err_set(err, EADDRINUSE, "net.%u.hwaddr: %s is '%s''s too: only one of them can run at a time",
				own->v[i].index, mac_text(&own->v[i], text), other);
			return 1;
		}
	return 0;
}

/* Most say nothing of any of them: those are not read further. */
static bool may_share(const struct net_conf *own, const char *config)
{
	char text[MAC_TEXT];

	for (size_t i = 0; i < own->n; i++)
		if (own->v[i].has_hwaddr && strcasestr(config, mac_text(&own->v[i], text)))
			return true;
	return false;
}

static int compare_with(const struct store *store, const struct net_conf *own, const char *other, struct err *err)
{
	autoclose int folder = store_container(store, other, NULL);
	autofree char *text = NULL;
	autocall(spec_done) struct spec spec;

	spec_init(&spec);
	if (folder < 0 || glance_load(folder, "config", &text, NULL) < 0 || !may_share(own, text) ||
	    spec_load(&spec, folder, "config", NULL) < 0)
		return 0;
	return compare(own, &spec.net, other, err);
}

int life_shares_mac(const struct store *store, const char *name, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	autoclose int folder = store_container(store, name, err);
	autocall(spec_done) struct spec own;
	int r = folder < 0 ? folder : 0;

	spec_init(&own);
	if (r >= 0)
		r = spec_load(&own, folder, "config", err);
	if (r >= 0)
		r = store_list(store, &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!str_eq(names.v[i], name))
			r = compare_with(store, &own.net, names.v[i], err);
	return r;
}
