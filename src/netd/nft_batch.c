/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/uio.h>

#include "netd/nft_batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define PAGE        (UINT32_C(1) << 17)
#define OVERRUN     (UINT32_C(1) << 17) /* longest message */
#define PER_MESSAGE 400                 /* an attribute, and so a list of elements, has at most 65535 bytes */

/* Data types as nft(8) numbers them (its datatype.h), 6 bits each: so that it can print the maps. */
enum { TYPE_ADDR = 7, TYPE_ADDR6 = 8, TYPE_PROTO = 12, TYPE_PORT = 13, TYPE_BITS = 6 };

const char *const nft_maps[NFT_MAPS] = {
	[NFT_MAP_ADDR] = "forward",
	[NFT_MAP_ANY] = "forward_any",
	[NFT_MAP_ADDR6] = "forward6",
	[NFT_MAP_ANY6] = "forward6_any",
};

static bool is_any_map(enum nft_map map)
{
	return map == NFT_MAP_ANY || map == NFT_MAP_ANY6;
}

static bool is_map6(enum nft_map map)
{
	return map == NFT_MAP_ADDR6 || map == NFT_MAP_ANY6;
}

int nft_batch_init(struct nft_batch *b, uint32_t seq, struct err *err)
{
	*b = (struct nft_batch){ .batch = nftnl_batch_alloc(PAGE, OVERRUN), .seq = seq, .family = NFPROTO_INET };
	if (!b->batch)
		return err_nomem(err);
	nftnl_batch_begin(nftnl_batch_buffer(b->batch), b->seq++);
	nft_batch_next(b);
	return 0;
}

void nft_batch_done(struct nft_batch *b)
{
	if (b->batch)
		nftnl_batch_free(b->batch);
	b->batch = NULL;
}

struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(nftnl_batch_buffer(b->batch), type, b->family, flags, b->seq++);
}

void nft_batch_next(struct nft_batch *b)
{
	if (nftnl_batch_update(b->batch) < 0)
		b->failed = true;
}

void nft_batch_end(struct nft_batch *b)
{
	nftnl_batch_end(nftnl_batch_buffer(b->batch), b->seq++);
	nft_batch_next(b);
}

/* The first error among the answers; they are all there when sendmsg returns, but for those that there was no room for: of a
 * table that cannot be, each of its rules is one. */
static int collect(struct mnl_socket *sock)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[32768];
	} in;
	bool lost = false;
	int first = 0;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(sock), &in, sizeof in, MSG_DONTWAIT);
		if (n < 0 && (errno == ENOBUFS || errno == EINTR)) {
			lost = lost || errno == ENOBUFS;
			continue;
		}
		if (n < 0)
			return errno != EAGAIN ? -errno : first || !lost ? first : -EIO;
		int left = (int)n;
		for (const struct nlmsghdr *h = &in.head; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
			if (h->nlmsg_type == NLMSG_ERROR && e->error && !first)
				first = e->error;
		}
	}
}

int nft_batch_commit(struct nft_batch *b, struct mnl_socket *sock, struct err *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = { .msg_name = &kernel, .msg_namelen = sizeof kernel };
	autofree struct iovec *iov = NULL;
	int n, r;

	nft_batch_end(b);
	n = nftnl_batch_iovec_len(b->batch);
	iov = n > 0 ? calloc((size_t)n, sizeof *iov) : NULL;
	if (!iov || b->failed)
		return err_nomem(err);
	nftnl_batch_iovec(b->batch, iov, (uint32_t)n);
	msg.msg_iov = iov;
	msg.msg_iovlen = (size_t)n;
	if (sendmsg(mnl_socket_get_fd(sock), &msg, 0) < 0)
		return err_sys(err, errno, "send the change");
	r = collect(sock);
	return r < 0 ? err_sys(err, -r, "nftables") : 0;
}

void nft_put_table(struct nft_batch *b, const char *name, bool add)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *head;

	if (!table) {
		b->failed = true;
		return;
	}
	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, b->family);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	if (add && b->table_flags)
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, b->table_flags);
	head = nft_batch_message(b, add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE, add ? NLM_F_CREATE : 0);
	nftnl_table_nlmsg_build_payload(head, table);
	nft_batch_next(b);
	nftnl_table_free(table);
}

static struct nftnl_set *new_set(struct nft_batch *b, const char *table, enum nft_map map)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set) {
		b->failed = true;
		return NULL;
	}
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, b->family);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, table);
	nftnl_set_set_str(set, NFTNL_SET_NAME, nft_maps[map]);
	return set;
}

static void put_map(struct nft_batch *b, const char *table, enum nft_map map, bool values)
{
	const uint32_t flow = TYPE_PROTO << TYPE_BITS | TYPE_PORT;
	const uint32_t type = is_map6(map) ? TYPE_ADDR6 : TYPE_ADDR, len = is_map6(map) ? 16 : 4;
	struct nftnl_set *set = new_set(b, table, map);
	struct nlmsghdr *head;

	if (!set)
		return;
	nftnl_set_set_u32(set, NFTNL_SET_ID, 1 + (uint32_t)map);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, values ? NFT_SET_MAP : 0);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, is_any_map(map) ? flow : type << (2 * TYPE_BITS) | flow);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, is_any_map(map) ? 8 : len + 8);
	if (values) {
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, type << TYPE_BITS | TYPE_PORT);
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, len + 4);
	}
	head = nft_batch_message(b, NFT_MSG_NEWSET, NLM_F_CREATE);
	nftnl_set_nlmsg_build_payload(head, set);
	nft_batch_next(b);
	nftnl_set_free(set);
}

void nft_put_maps(struct nft_batch *b, const char *table)
{
	for (enum nft_map map = 0; map < NFT_MAPS; map++)
		put_map(b, table, map, true);
}

void nft_put_sets(struct nft_batch *b, const char *table)
{
	for (enum nft_map map = 0; map < NFT_MAPS; map++)
		put_map(b, table, map, false);
}

/* An address as it stands in a key or value: 4 or 16 bytes. */
static size_t put_addr(uint8_t *at, const struct in6_addr *addr, bool six)
{
	memcpy(at, six ? addr->s6_addr : addr->s6_addr + 12, six ? 16 : 4);
	return six ? 16 : 4;
}

size_t nft_encode_key(const struct nft_element *e, uint8_t key[static NFT_KEY_MAX])
{
	uint16_t port = htons(e->port);
	size_t n = 0;

	memset(key, 0, NFT_KEY_MAX);
	if (!nft_is_any(e))
		n = put_addr(key, &e->host, nft_is6(e));
	key[n] = e->proto;
	memcpy(key + n + 4, &port, sizeof port);
	return n + 8;
}

size_t nft_encode_value(const struct nft_element *e, uint8_t value[static NFT_VALUE_MAX])
{
	uint16_t port = htons(e->target);
	size_t n;

	memset(value, 0, NFT_VALUE_MAX);
	n = put_addr(value, &e->guest, nft_is6(e));
	memcpy(value + n, &port, sizeof port);
	return n + 4;
}

static struct in6_addr get_addr(const uint8_t *at, bool six)
{
	struct in6_addr addr = { 0 };
	struct in_addr ipv4;

	if (!six) {
		memcpy(&ipv4, at, sizeof ipv4);
		return nft_mapped(ipv4);
	}
	memcpy(&addr, at, sizeof addr);
	return addr;
}

int nft_decode(const void *key, size_t key_len, const void *value, size_t value_len, struct nft_element *ret)
{
	const size_t len = value_len == NFT_VALUE_MAX ? 16 : 4;
	const uint8_t *k = key, *v = value;
	uint16_t port;

	*ret = (struct nft_element){ 0 };
	if ((key_len != 8 && key_len != len + 8) || value_len != len + 4)
		return -EBADMSG;
	if (key_len != 8) {
		ret->host = get_addr(k, len == 16);
		k += len;
	}
	ret->proto = k[0];
	memcpy(&port, k + 4, sizeof port);
	ret->port = ntohs(port);
	ret->guest = get_addr(v, len == 16);
	memcpy(&port, v + len, sizeof port);
	ret->target = ntohs(port);
	return 0;
}

static void add_element(struct nft_batch *b, struct nftnl_set *set, const struct nft_element *e, bool value)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();
	uint8_t key[NFT_KEY_MAX], data[NFT_VALUE_MAX];

	if (!elem) {
		b->failed = true;
		return;
	}
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, (uint32_t)nft_encode_key(e, key));
	if (value)
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, data, (uint32_t)nft_encode_value(e, data));
	nftnl_set_elem_add(set, elem);
}

/* One message: what the set holds, which is freed. */
static void put_set(struct nft_batch *b, struct nftnl_set *set, bool add)
{
	struct nlmsghdr *head =
		nft_batch_message(b, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, add ? NLM_F_CREATE | NLM_F_EXCL : 0);

	nftnl_set_elems_nlmsg_build_payload(head, set);
	nft_batch_next(b);
	nftnl_set_free(set);
}

static void put_elements(struct nft_batch *b, const char *table, const struct nft_elements *l, enum nft_map map, bool add,
			 bool values)
{
	struct nftnl_set *set = NULL;
	size_t in_set = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (nft_is_any(&l->v[i]) != is_any_map(map) || nft_is6(&l->v[i]) != is_map6(map))
			continue;
		if (!set)
			set = new_set(b, table, map);
		if (!set)
			return;
		add_element(b, set, &l->v[i], values);
		if (++in_set == PER_MESSAGE) {
			put_set(b, set, add);
			set = NULL;
			in_set = 0;
		}
	}
	if (set)
		put_set(b, set, add);
}

void nft_put_elements(struct nft_batch *b, const char *table, const struct nft_elements *l, enum nft_map map, bool add)
{
	put_elements(b, table, l, map, add, add);
}

void nft_put_keys(struct nft_batch *b, const char *table, const struct nft_elements *l, enum nft_map map, bool add)
{
	put_elements(b, table, l, map, add, false);
}
