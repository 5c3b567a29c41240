/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard's sets: made, changed, read back. */
#include "netd/guard_rules.h"
#include "netd/nft_socket.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/ethernet.h>
#include <string.h>

#include "base/cleanup.h"

#define PER_MESSAGE 300 /* an attribute, and so a list of elements, has at most 65535 bytes */

#define ASKING_MOST 65535 /* a bridge has fewer ports */

/* Data types as nft(8) numbers them (its datatype.h), 6 bits each: so that it can print the sets. */
enum type { NONE, IPV4 = 7, IPV6 = 8, ETHER = 9, IFNAME = 41, TYPE_BITS = 6 };

static const struct set {
	const char *name;
	uint8_t family;
	bool ranges;
	uint8_t types[3];
} sets[GUARD_SETS] = {
	[GUARD_MACS] = { "macs", NFPROTO_BRIDGE, false, { IFNAME, ETHER } },
	[GUARD_IPV4] = { "ipv4", NFPROTO_BRIDGE, false, { IFNAME, ETHER, IPV4 } },
	[GUARD_IPV6] = { "ipv6", NFPROTO_BRIDGE, false, { IFNAME, ETHER, IPV6 } },
	[GUARD_ISOLATED] = { "isolated", NFPROTO_BRIDGE, false, { IFNAME } },
	[GUARD_SELF] = { "self", NFPROTO_BRIDGE, false, { IFNAME, IFNAME } },
	[GUARD_EGRESS4] = { "egress4", NFPROTO_BRIDGE, true, { IPV4, IPV4 } },
	[GUARD_EGRESS6] = { "egress6", NFPROTO_BRIDGE, true, { IPV6, IPV6 } },
	[GUARD_HOST4] = { "host4", NFPROTO_INET, false, { IPV4 } },
	[GUARD_HOST6] = { "host6", NFPROTO_INET, false, { IPV6 } },
	[GUARD_ISOLATED4] = { "isolated4", NFPROTO_INET, false, { IPV4 } },
	[GUARD_ISOLATED6] = { "isolated6", NFPROTO_INET, false, { IPV6 } },
	[GUARD_SELF4] = { "self4", NFPROTO_INET, false, { IPV4, IPV4 } },
	[GUARD_SELF6] = { "self6", NFPROTO_INET, false, { IPV6, IPV6 } },
	[GUARD_DENY4] = { "deny4", NFPROTO_INET, true, { IPV4, IPV4 } },
	[GUARD_DENY6] = { "deny6", NFPROTO_INET, true, { IPV6, IPV6 } },
};

static uint8_t length_of(uint8_t type)
{
	return type == IPV4 ? 4 : type == ETHER ? 8 : 16;
}

static void free_set(struct nftnl_set **set)
{
	if (*set)
		nftnl_set_free(*set);
}

static struct nftnl_set *new_set(const struct set *of, const char *table)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return NULL;
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, of->family);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, table);
	nftnl_set_set_str(set, NFTNL_SET_NAME, of->name);
	return set;
}

static void put_set(struct nft_batch *b, const char *table, enum guard_set number)
{
	autocall(free_set) struct nftnl_set *set = new_set(&sets[number], table);
	const struct set *of = &sets[number];
	uint32_t type = 0, len = 0;
	uint8_t parts[3], n = 0;

	if (!set) {
		b->failed = true;
		return;
	}
	for (; n < 3 && of->types[n]; n++) {
		type = type << TYPE_BITS | of->types[n];
		parts[n] = length_of(of->types[n]);
		len += parts[n];
	}
	nftnl_set_set_u32(set, NFTNL_SET_ID, 100 + (uint32_t)number);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, of->ranges ? NFT_SET_INTERVAL | NFT_SET_CONCAT : 0);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, len);
	if (of->ranges)
		nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, parts, n);
	nftnl_set_nlmsg_build_payload(nft_batch_message(b, NFT_MSG_NEWSET, NLM_F_CREATE), set);
	nft_batch_next(b);
}

/* The kernel puts in who asks, and takes out who has no connection left. */
static void put_asking(struct nft_batch *b, const char *table)
{
	static const struct set asking = { GUARD_ASKING, NFPROTO_INET, false, { ETHER } };
	autocall(free_set) struct nftnl_set *set = new_set(&asking, table);

	if (!set) {
		b->failed = true;
		return;
	}
	nftnl_set_set_u32(set, NFTNL_SET_ID, 100 + GUARD_SETS);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_EVAL);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, ETHER);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, ETHER_ADDR_LEN);
	nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, ASKING_MOST);
	nftnl_set_nlmsg_build_payload(nft_batch_message(b, NFT_MSG_NEWSET, NLM_F_CREATE), set);
	nft_batch_next(b);
}

void guard_put_sets(struct nft_batch *b, const struct nft *nft, uint8_t family)
{
	if (family == NFPROTO_INET && !nft->uncounted)
		put_asking(b, nft->table);
	for (enum guard_set set = 0; set < GUARD_SETS; set++)
		if (sets[set].family == family)
			put_set(b, nft->table, set);
}

/* One message; the set is freed. */
static void put_message(struct nft_batch *b, struct nftnl_set *set, bool add)
{
	uint16_t type = add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;

	nftnl_set_elems_nlmsg_build_payload(nft_batch_message(b, type, add ? NLM_F_CREATE : 0), set);
	nft_batch_next(b);
	nftnl_set_free(set);
}

static void add_element(struct nft_batch *b, struct nftnl_set *set, const struct guard *e)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();

	if (!elem) {
		b->failed = true;
		return;
	}
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, e->from, e->len);
	if (sets[e->set].ranges)
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY_END, e->to, e->len);
	nftnl_set_elem_add(set, elem);
}

static void put_elements(struct nft_batch *b, const char *table, const struct guards *l, enum guard_set number, bool add)
{
	struct nftnl_set *set = NULL;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].set != number)
			continue;
		set = set ? set : new_set(&sets[number], table);
		if (!set) {
			b->failed = true;
			return;
		}
		add_element(b, set, &l->v[i]);
		if (++n % PER_MESSAGE == 0) {
			put_message(b, set, add);
			set = NULL;
		}
	}
	if (set)
		put_message(b, set, add);
}

void guard_put_elements(struct nft_batch *b, const struct nft *nft, const struct guards *l, bool add)
{
	const uint8_t family = b->family;

	for (enum guard_set set = 0; set < GUARD_SETS; set++) {
		b->family = sets[set].family;
		put_elements(b, nft->table, l, set, add);
	}
	b->family = family;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

struct reading {
	enum guard_set set;
	struct guards *to;
	int r;
};

static void take(struct reading *reading, struct nftnl_set_elem *elem)
{
	struct guard e = { .set = (uint8_t)reading->set };
	uint32_t len = 0, to_len = 0;
	const void *from = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY, &len);
	const void *to = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY_END, &to_len);

	if (!from || len > GUARD_KEY_MAX || (to && to_len != len) || sets[reading->set].ranges != !!to)
		return;
	e.len = (uint8_t)len;
	memcpy(e.from, from, len);
	if (to)
		memcpy(e.to, to, len);
	if (reading->r >= 0)
		reading->r = guards_append(reading->to, &e);
}

static int take_all(const struct nlmsghdr *head, void *data)
{
	autocall(free_set) struct nftnl_set *set = nftnl_set_alloc();
	struct nftnl_set_elems_iter *it = NULL;
	struct nftnl_set_elem *elem;

	if (set && nftnl_set_elems_nlmsg_parse(head, set) >= 0)
		it = nftnl_set_elems_iter_create(set);
	while (it && (elem = nftnl_set_elems_iter_next(it)))
		take(data, elem);
	if (it)
		nftnl_set_elems_iter_destroy(it);
	return MNL_CB_OK;
}

static int read_set(struct nft *nft, struct reading *reading)
{
	autocall(free_set) struct nftnl_set *set = new_set(&sets[reading->set], nft->table);
	const uint8_t family = sets[reading->set].family;
	uint8_t buf[NFT_QUESTION];
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETSETELEM, family, NLM_F_DUMP, ++nft->seq);
	int r;

	if (!set)
		return -ENOMEM;
	nftnl_set_elems_nlmsg_build_payload(head, set);
	r = nft_dump(nft->sock, head, take_all, reading);
	return r < 0 ? r : reading->r;
}

int guard_read(struct nft *nft, struct guards *ret, struct err *err)
{
	for (enum guard_set set = 0; set < GUARD_SETS; set++) {
		struct reading reading = { .set = set, .to = ret };
		int r = read_set(nft, &reading);
		if (r < 0 && r != -ENOENT)
			return err_sys(err, -r, "read set '%s' of nftables table '%s'", sets[set].name, nft->table);
	}
	return 0;
}
