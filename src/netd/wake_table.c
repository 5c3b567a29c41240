/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue and its table, which are there from the first waker on that needs them. */
#include <errno.h>

#include "base/log.h"
#include "base/str.h"
#include "netd/wake_internal.h"

#define FIRST_QUEUE 28672 /* others begin with 0 */
#define QUEUES      4096

/* Of several managers on one host each begins elsewhere. */
static uint16_t wish(const struct store *store)
{
	unsigned n = 0;

	for (const char *p = store->id; *p; p++)
		n = n * 31 + (unsigned char)*p;
	return (uint16_t)(FIRST_QUEUE + n % QUEUES);
}

static int install(struct netd *netd, struct err *err)
{
	struct nft_elements all = { 0 };
	int r = 0;

	for (const struct waker *w = netd->wake.wakers; w; w = w->next)
		for (size_t i = 0; w->listed && i < w->self.elements.n && r >= 0; i++)
			r = nft_elements_add(&all, &w->self.elements.v[i]);
	r = r < 0 ? err_nomem(err) : nft_wake_install(&netd->wake.table, &all, err);
	nft_elements_done(&all);
	return r;
}

static void table_changed(void *data)
{
	struct netd *netd = data;
	struct err err = { 0 };

	log_warn("nftables table '%s' was changed by somebody: putting it back", netd->wake.table.nft.table);
	if (install(netd, &err) < 0)
		log_error("%s", err.msg);
}

static int open_table(struct netd *netd, struct err *err)
{
	struct nft *nft = &netd->wake.table.nft;
	const char *id = netd->store.id;

	if (nft->sock)
		return 0;
	str_print(nft->table, sizeof nft->table, *id ? "mgr_%s_wake" : "mgr_wake", id);
	return nft_open(nft, err);
}

static int make_table(struct netd *netd, struct err *err)
{
	struct wake *wake = &netd->wake;
	int r = open_table(netd, err);

	if (r < 0 || wake->queue)
		return r;
	wake->queue = queue_new(netd->loop, wish(&netd->store), waker_packet, netd, err);
	if (!wake->queue)
		return -EIO;
	wake->table.queue = queue_number(wake->queue);
	r = install(netd, err);
	if (r >= 0)
		wake->watch = nft_watch_new(&wake->table.nft, netd->loop, table_changed, netd, err);
	if (r >= 0 && !wake->watch)
		r = -EIO;
	if (r < 0)
		wake_table_end(netd);
	return r;
}

int waker_list(struct waker *w, bool listed, struct err *err)
{
	const struct nft_elements none = { 0 }, *its = &w->self.elements;
	struct netd *netd = w->netd;
	int r;

	if (w->listed == listed)
		return 0;
	r = make_table(netd, err);
	if (r < 0)
		return r;
	w->listed = listed;
	if (nft_wake_change(&netd->wake.table, listed ? &none : its, listed ? its : &none, NULL) >= 0)
		return 0;
	r = install(netd, err);
	w->listed = r < 0 ? !listed : listed;
	return r;
}

void wake_table_end(struct netd *netd)
{
	struct wake *wake = &netd->wake;
	struct err err = { 0 };

	nft_watch_free(wake->watch);
	wake->watch = NULL;
	if (open_table(netd, &err) < 0 || nft_remove(&wake->table.nft, &err) < 0)
		log_error("%s", err.msg);
	nft_close(&wake->table.nft);
	queue_free(wake->queue);
	wake->queue = NULL;
}
