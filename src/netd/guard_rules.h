/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard's part of a transaction (private to nft*.c). */
#ifndef MGR_NETD_GUARD_RULES_H
#define MGR_NETD_GUARD_RULES_H

#include "netd/guard.h"
#include "netd/nft_batch.h"

/* guard_rules.c: the bridge's table; host_rules.c: the guard's chains of the other one. Behind the sets. */
void guard_put_rules(struct nft_batch *b, const struct nft *nft);
void host_put_rules(struct nft_batch *b, const struct nft *nft);

/* Of the table of both IPs: who has connections to the network's DNS, by hardware address, and how many. */
#define GUARD_ASKING "asking"

/* guard_sets.c: both tables' */
void guard_put_sets(struct nft_batch *b, const struct nft *nft, uint8_t family);
/* Add or take away, in both. */
void guard_put_elements(struct nft_batch *b, const struct nft *nft, const struct guards *l, bool add);
/* What they hold; nothing where there is no table. */
int guard_read(struct nft *nft, struct guards *ret, struct err *err);

#endif
