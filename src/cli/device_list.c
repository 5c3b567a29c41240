/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/device_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/print.h"
#include "life/state.h"
#include "mount/entry.h"
#include "net/addr.h"
#include "spec/device.h"

/* What there is now, and what there will be at the next start. */
struct list {
	struct spec is, next;
	struct net_plan plan;
};

static void list_done(struct list *l)
{
	spec_done(&l->is);
	spec_done(&l->next);
	net_plan_done(&l->plan);
}

static int load(struct list *l, const struct cli *cli, const char *name, struct err *err)
{
	autoclose int folder = store_container(&cli->store, name, err), run = -1;
	enum wire_state state;
	int r = folder < 0 ? folder : life_state(&cli->store, name, &state, err);

	if (r >= 0)
		r = spec_load(&l->next, folder, "config", err);
	if (r < 0)
		return r;
	run = state == WIRE_STOPPED ? -1 : store_runtime(&cli->store, name, false, NULL);
	if (run < 0 || spec_load(&l->is, run, "spec", NULL) < 0)
		r = spec_load(&l->is, folder, "config", err);
	return r < 0 ? r : net_look(&l->plan, &l->is.net, &cli->store, name, l->is.container.uuid, err);
}

static int add_row(struct print *p, const struct list *l, const char *name, const struct net_nic *nic, struct err *err)
{
	autocall(strv_done) struct strv addresses = { 0 };
	char device[16], mac[18] = "", text[NIC_ADDR_TEXT];
	const uint8_t *m = nic->mac;

	str_print(device, sizeof device, "net.%u", nic->index);
	if (nic->has_mac)
		str_print(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	for (size_t i = 0; i < nic->n_addrs; i++)
		if (strv_add(&addresses, addr_text(&nic->addrs[i], text)) < 0)
			return err_nomem(err);
	const struct print_cell cells[] = {
		print_text(name),
		print_text("nic"),
		print_text(device),
		print_text(net_type_name(nic->type)),
		print_text(nic->name),
		print_text(nic->link[0] ? nic->link : NULL),
		print_text(nic->veth[0] ? nic->veth : NULL),
		print_text(mac[0] ? mac : NULL),
		print_list(&addresses),
		print_number(spec_nic(&l->next, nic->index) != NULL),
	};
	return print_row(p, cells, err);
}

/* What is the host's of [mount] entry. */
static int add_bind(struct print *p, const struct list *l, const char *name, const char *text, struct err *err)
{
	autocall(mount_entry_done) struct mount_entry e = { 0 };
	const struct strv none = { 0 };
	int r = mount_entry_parse(text, &e, err);

	if (r < 0 || !e.bind || !mount_entry_is_hosts(&e))
		return r;
	const struct print_cell cells[] = {
		print_text(name),     print_text("bind"),
		print_text(e.target), print_text(mount_entry_is_readonly(&e) ? "ro" : "rw"),
		print_text(e.target), print_text(NULL),
		print_text(e.source), print_text(NULL),
		print_list(&none),    print_number(strv_has(&l->next.mount.entry, text)),
	};
	return print_row(p, cells, err);
}

static const struct print_column columns[] = {
	{ "name", NULL, PRINT_TEXT },     { "kind", "KIND", PRINT_TEXT },     { "device", "DEVICE", PRINT_TEXT },
	{ "type", "TYPE", PRINT_TEXT },   { "inside", "INSIDE", PRINT_TEXT }, { "link", "LINK", PRINT_TEXT },
	{ "host", "HOST", PRINT_TEXT },   { "hwaddr", "HWADDR", PRINT_TEXT }, { "addresses", "ADDRESSES", PRINT_LIST },
	{ "saved", "SAVED", PRINT_BOOL },
};

int device_list(struct cli *cli, const char *name, struct err *err)
{
	autocall(list_done) struct list l = { .plan = { .conn = -1 } };
	struct print *p;
	int r;

	spec_init(&l.is);
	spec_init(&l.next);
	r = load(&l, cli, name, err);
	if (r < 0)
		return r;
	p = print_new(columns, ARRAY_SIZE(columns), cli->json ? PRINT_JSON : PRINT_TABLE, err);
	r = p ? 0 : -err->code;
	for (size_t i = 0; i < l.plan.n && r >= 0; i++)
		r = add_row(p, &l, name, &l.plan.nics[i], err);
	for (size_t i = 0; i < l.is.mount.entry.n && r >= 0; i++)
		r = add_bind(p, &l, name, l.is.mount.entry.v[i], err);
	if (r >= 0)
		r = print_end(p, err);
	print_free(p);
	return r < 0 ? r : 0;
}
