/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/nft.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "netd/guard_rules.h"
#include "netd/nft_batch.h"
#include "netd/nft_socket.h"

#define SEND_BUFFER (64 << 20) /* a transaction is one sendmsg: room for 10,000 forwards many times over */

int nft_elements_add(struct nft_elements *l, const struct nft_element *element)
{
	struct nft_element *v = vec_grow(l->v, l->n, &l->room, sizeof *v);

	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n++] = *element;
	return 0;
}

void nft_elements_done(struct nft_elements *l)
{
	free(l->v);
	*l = (struct nft_elements){ 0 };
}

void nft_content_done(struct nft_content *content)
{
	nft_elements_done(&content->forwards);
	guards_done(&content->guards);
}

struct in6_addr nft_mapped(struct in_addr ipv4)
{
	struct in6_addr mapped = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(mapped.s6_addr + 12, &ipv4, sizeof ipv4);
	return mapped;
}

struct in_addr nft_ipv4(const struct in6_addr *mapped)
{
	struct in_addr ipv4;

	memcpy(&ipv4, mapped->s6_addr + 12, sizeof ipv4);
	return ipv4;
}

bool nft_same_key(const struct nft_element *a, const struct nft_element *b)
{
	return a->proto == b->proto && a->port == b->port && nft_is6(a) == nft_is6(b) &&
	       IN6_ARE_ADDR_EQUAL(&a->host, &b->host);
}

int nft_open(struct nft *nft, struct err *err)
{
	int size = SEND_BUFFER;

	nft->sock = nft_socket(0, err);
	if (!nft->sock)
		return -err->code;
	setsockopt(mnl_socket_get_fd(nft->sock), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	return 0;
}

void nft_close(struct nft *nft)
{
	if (nft->sock)
		mnl_socket_close(nft->sock);
	nft->sock = NULL;
}

int nft_commit(struct nft *nft, struct nft_batch *b, struct err *err)
{
	int r = nft_batch_commit(b, nft->sock, err);

	nft->seq = b->seq;
	return r < 0 ? err_wrap(err, "change nftables table '%s'", nft->table) : 0;
}

static void put_tables(struct nft_batch *b, const struct nft *nft, bool add)
{
	b->family = NFPROTO_BRIDGE;
	nft_put_table(b, nft->table, add);
	b->family = NFPROTO_INET;
	nft_put_table(b, nft->table, add);
}

static void put_rules(struct nft_batch *b, const struct nft *nft)
{
	guard_put_sets(b, nft, NFPROTO_INET);
	nft_put_maps(b, nft->table);
	nft_put_rules(b, nft);
	host_put_rules(b, nft);
	b->family = NFPROTO_BRIDGE;
	guard_put_sets(b, nft, NFPROTO_BRIDGE);
	guard_put_rules(b, nft);
	b->family = NFPROTO_INET;
}

static void put_content(struct nft_batch *b, const struct nft *nft, const struct nft_content *content, bool add)
{
	for (enum nft_map map = 0; map < NFT_MAPS; map++)
		nft_put_elements(b, nft->table, &content->forwards, map, add);
	guard_put_elements(b, nft, &content->guards, add);
}

/* A table of its owner's is the socket's, and nobody else can change or flush it; one that persists stays when the socket is
 * closed, and is then anybody's, the next mgr-netd's for one. */
#define OWNER   2 /* NFT_TABLE_F_OWNER */
#define PERSIST 4 /* NFT_TABLE_F_PERSIST, Linux 6.9; Debian 12's headers lack it */

static int install(struct nft *nft, const struct nft_content *all, uint32_t flags, struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	int r = nft_batch_init(&b, nft->seq, err);

	if (r < 0)
		return r;
	/* Made, so that deleting them does not fail; then anew. */
	put_tables(&b, nft, true);
	put_tables(&b, nft, false);
	b.table_flags = flags;
	put_tables(&b, nft, true);
	put_rules(&b, nft);
	put_content(&b, nft, all, true);
	return nft_commit(nft, &b, err);
}

static int install_owned(struct nft *nft, const struct nft_content *all, struct err *err)
{
	int r = nft->shared ? -EOPNOTSUPP : install(nft, all, OWNER | PERSIST, err);

	if (r != -EOPNOTSUPP && r != -EINVAL)
		return r;
	err_clear(err);
	r = install(nft, all, 0, err);
	nft->shared = nft->shared || r >= 0;
	return r;
}

int nft_install(struct nft *nft, const struct nft_content *all, struct err *err)
{
	int r = install_owned(nft, all, err);

	if (r != -ENOENT || nft->uncounted)
		return r;
	err_clear(err);
	nft->uncounted = true;
	return install_owned(nft, all, err);
}

int nft_change(struct nft *nft, const struct nft_content *del, const struct nft_content *add, struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	int r;

	if (!del->forwards.n && !add->forwards.n && !del->guards.n && !add->guards.n)
		return 0;
	r = nft_batch_init(&b, nft->seq, err);
	if (r < 0)
		return r;
	put_content(&b, nft, del, false);
	put_content(&b, nft, add, true);
	return nft_commit(nft, &b, err);
}

int nft_change_outgoing(struct nft *nft, struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	int r = nft_batch_init(&b, nft->seq, err);

	if (r < 0)
		return r;
	nft_put_outgoing(&b, nft);
	return nft_commit(nft, &b, err);
}

int nft_remove(struct nft *nft, struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	int r = nft_batch_init(&b, nft->seq, err);

	if (r < 0)
		return r;
	put_tables(&b, nft, true);
	put_tables(&b, nft, false);
	return nft_commit(nft, &b, err);
}

static int take_elements(const struct nlmsghdr *head, void *data)
{
	struct nftnl_set *set = nftnl_set_alloc();
	struct nftnl_set_elems_iter *it = NULL;
	struct nftnl_set_elem *elem;

	if (set && nftnl_set_elems_nlmsg_parse(head, set) >= 0)
		it = nftnl_set_elems_iter_create(set);
	while (it && (elem = nftnl_set_elems_iter_next(it))) {
		uint32_t key_len, value_len;
		const void *key = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY, &key_len);
		const void *value = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_DATA, &value_len);
		struct nft_element e;
		if (key && value && nft_decode(key, key_len, value, value_len, &e) == 0)
			nft_elements_add(data, &e);
	}
	if (it)
		nftnl_set_elems_iter_destroy(it);
	if (set)
		nftnl_set_free(set);
	return MNL_CB_OK;
}

static int read_map(struct nft *nft, const char *map, struct nft_elements *ret)
{
	uint8_t buf[NFT_QUESTION];
	struct nftnl_set *set = nftnl_set_alloc();
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, ++nft->seq);

	if (!set)
		return -ENOMEM;
	nftnl_set_set_str(set, NFTNL_SET_TABLE, nft->table);
	nftnl_set_set_str(set, NFTNL_SET_NAME, map);
	nftnl_set_elems_nlmsg_build_payload(head, set);
	nftnl_set_free(set);
	return nft_dump(nft->sock, head, take_elements, ret);
}

int nft_read(struct nft *nft, struct nft_content *ret, struct err *err)
{
	int r = 0;

	for (enum nft_map map = 0; map < NFT_MAPS; map++) {
		r = read_map(nft, nft_maps[map], &ret->forwards);
		if (r < 0 && r != -ENOENT)
			return err_sys(err, -r, "read nftables table '%s'", nft->table);
	}
	return guard_read(nft, &ret->guards, err);
}
