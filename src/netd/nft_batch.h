/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transaction in the making (private to nft*.c). */
#ifndef MGR_NETD_NFT_BATCH_H
#define MGR_NETD_NFT_BATCH_H

#include <libnftnl/batch.h>

#include "netd/nft.h"

/* The maps: address . protocol . port -> address . port, and protocol . port -> address . port for every address of the
 * host; of IPv4 and of IPv6. */
enum nft_map {
	NFT_MAP_ADDR,
	NFT_MAP_ANY,
	NFT_MAP_ADDR6,
	NFT_MAP_ANY6,
	NFT_MAPS,
};

extern const char *const nft_maps[NFT_MAPS];

struct nft_batch {
	struct nftnl_batch *batch;
	uint32_t seq;
	uint8_t family;       /* of the tables that the next messages are about: NFPROTO_INET, or NFPROTO_BRIDGE */
	uint32_t table_flags; /* NFT_TABLE_F_* of tables that are made */
	bool failed;          /* memory ran out */
};

int nft_batch_init(struct nft_batch *b, uint32_t seq, struct err *err);
void nft_batch_done(struct nft_batch *b);
/* The head of the next message; nft_batch_next when its payload is in. */
struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t flags);
void nft_batch_next(struct nft_batch *b);
void nft_batch_end(struct nft_batch *b);
/* End it and have it done: all of it or nothing. The error is the kernel's first. */
int nft_batch_commit(struct nft_batch *b, struct mnl_socket *sock, struct err *err);

void nft_put_table(struct nft_batch *b, const char *table, bool add);
void nft_put_maps(struct nft_batch *b, const char *table);
/* The same as sets: keys without values. */
void nft_put_sets(struct nft_batch *b, const char *table);
/* Add or take away the elements of one map. */
void nft_put_elements(struct nft_batch *b, const char *table, const struct nft_elements *l, enum nft_map map, bool add);
/* The same of a set. */
void nft_put_keys(struct nft_batch *b, const char *table, const struct nft_elements *l, enum nft_map map, bool add);
/* All of it, or nothing. -ENOENT among others when the kernel has no such expression. */
int nft_commit(struct nft *nft, struct nft_batch *b, struct err *err);
void nft_put_chain(struct nft_batch *b, const struct nft *nft, const char *name, const char *type, uint32_t hook,
		   int32_t priority);
void nft_put_rules(struct nft_batch *b, const struct nft *nft);
/* The rules of its chain `outgoing` in place of those that are there. */
void nft_put_outgoing(struct nft_batch *b, const struct nft *nft);

/* An element's key and value as the kernel wants them: each part padded to 4. Both return the length. */
#define NFT_KEY_MAX   24
#define NFT_VALUE_MAX 20
size_t nft_encode_key(const struct nft_element *e, uint8_t key[static NFT_KEY_MAX]);
size_t nft_encode_value(const struct nft_element *e, uint8_t value[static NFT_VALUE_MAX]);
int nft_decode(const void *key, size_t key_len, const void *value, size_t value_len, struct nft_element *ret);

#endif
