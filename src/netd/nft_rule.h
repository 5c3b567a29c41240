/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One rule in the making: conditions, each of which must hold, then what is done (private to nft*.c). A family is
 * NFPROTO_IPV4 or NFPROTO_IPV6; op is NFT_CMP_EQ, or NFT_CMP_NEQ for any but this. */
#ifndef MGR_NETD_NFT_RULE_H
#define MGR_NETD_NFT_RULE_H

#include "netd/nft_batch.h"

struct rule {
	struct nft_batch *batch;
	struct nftnl_rule *rule; /* NULL: memory ran out */
};

struct rule_net {
	uint8_t family;
	unsigned prefix;
	union {
		struct in_addr four;
		struct in6_addr six;
	} addr;
};

enum rule_side {
	RULE_SOURCE,
	RULE_TARGET,
};

struct rule rule_start(struct nft_batch *b, const struct nft *nft, const char *chain);
void rule_end(struct rule *m);

/* key: NFT_META_IIFNAME, NFT_META_OIFNAME. */
void rule_if_interface(struct rule *m, uint32_t key, uint32_t op, const char *name);
void rule_if_family(struct rule *m, uint8_t family);
/* Behind rule_if_family: is the address in the network? */
void rule_if_address(struct rule *m, enum rule_side side, uint32_t op, const struct rule_net *net);
/* It is for the host itself. */
void rule_if_local(struct rule *m);
/* Any of these bits of the flow's conntrack entry. key: NFT_CT_STATE, NFT_CT_STATUS. */
void rule_if_flow(struct rule *m, uint32_t key, uint32_t bits);

/* Is its address, protocol and port listed there? any: the port of whatever address. */
void rule_if_listed(struct rule *m, uint8_t family, bool any);
void rule_if_proto(struct rule *m, uint8_t proto);
/* Of TCP: it does not ask for a connection. */
void rule_if_no_syn(struct rule *m);

void rule_verdict(struct rule *m, int code);
/* Keep it for the queue of this number; native: by nftables' own expression, else by that of iptables. */
void rule_queue(struct rule *m, uint16_t number, bool native);
/* By which ports of the host, where the protocol has such; NULL: the kernel's choice. */
void rule_masquerade(struct rule *m, const struct nft_ports *ports);
/* To what the maps of forwards have for the address and port; for the port alone. */
void rule_dnat(struct rule *m, uint8_t family);
void rule_dnat_any(struct rule *m, uint8_t family);

/* --- what these are made of, for conditions of other kinds (nft_cond.c) -------------------------------------------------
 */

/* NULL, and the batch has failed: there is no memory. */
struct nftnl_expr *rule_add(struct rule *m, const char *kind);
void rule_load_meta(struct rule *m, uint32_t key, uint32_t reg);
void rule_load_payload(struct rule *m, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg);
/* Of NFT_REG_1. */
void rule_mask(struct rule *m, const void *bits, const void *zero, uint32_t len);
void rule_compare(struct rule *m, uint32_t op, const void *data, uint32_t len);

#endif
