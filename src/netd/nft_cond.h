/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules as lists of conditions (private to netd's rules): RULE(&to, "ports", DROP, is(ETHER_TYPE, ETH_P_ARP)). */
#ifndef MGR_NETD_NFT_COND_H
#define MGR_NETD_NFT_COND_H

#include "netd/nft_rule.h"

/* What of a packet, or of where it is. Numbers are in host byte order here. */
enum cond_field {
	FIELD_NONE,
	NFPROTO,
	IIFNAME,
	OIFNAME,
	IIFGROUP,
	OIFGROUP,
	L4PROTO,
	ETHER_SADDR,
	ETHER_TYPE,
	ARP_KINDS, /* its first 6 bytes: of what addresses */
	ARP_OP,
	ARP_SHA,
	ARP_SPA,
	ARP_TPA,
	IP_SADDR,
	IP_DADDR,
	IP_OFFSET, /* of a fragment; 0: it is the first, or none */
	IP6_SADDR,
	IP6_DADDR,
	IP6_OFFSET,
	DPORT,
	ICMP_TYPE, /* of IPv6's too, and of IGMP */
	ND_TARGET,
	HEAD,    /* 8 bytes: all of UDP's header, ICMP's and IGMP's */
	TCP_SYN, /* its bits SYN and ACK */
	DHCP_CHADDR,
	DHCP6_TYPE,
	CT_STATE,  /* any of these NF_CT_STATE_BIT()s */
	CT_STATUS, /* any of these IPS_* */
	CT_DADDR,  /* where the flow's first packet went to, before any DNAT */
	CT_DADDR6,
};

struct cond {
	enum cond_field fields[3]; /* several: parts of a set's key */
	uint32_t op;               /* NFT_CMP_* */
	const char *set;           /* NULL: the value */
	uint32_t most;             /* of flows that the set counts; 0: it does not count */
	uint8_t value[16];
	uint8_t len; /* of it, 0: the field's own */
};

struct cond is(enum cond_field field, uint32_t number);
struct cond is_not(enum cond_field field, uint32_t number);
struct cond at_most(enum cond_field field, uint32_t number);
/* It is not cut off before its end, nor left out. */
struct cond is_there(enum cond_field field);
/* Addresses and names; len: of its beginning alone. */
struct cond is_this(enum cond_field field, const void *bytes, size_t len);
struct cond is_named(enum cond_field field, const char *name);
struct cond is_not_named(enum cond_field field, const char *name);
struct cond in_set(const char *set, enum cond_field a, enum cond_field b, enum cond_field c);
/* This flow is one more than that many which the same sender has at a time. The set is one that counts. */
struct cond exceeds(const char *set, enum cond_field sender, uint32_t most);

/* Where rules are put. */
struct rule_place {
	struct nft_batch *b;
	const struct nft *nft;
};

/* What is done when all of them hold. */
struct outcome {
	int code;          /* NF_ACCEPT, NF_DROP, NFT_GOTO, NFT_JUMP */
	const char *chain; /* of the last two */
	bool refuse;       /* drop it, and say so to its sender */
};

#define ACCEPT   ((struct outcome){ .code = NF_ACCEPT })
#define DROP     ((struct outcome){ .code = NF_DROP })
#define REFUSE   ((struct outcome){ .refuse = true })
#define GO_TO(c) ((struct outcome){ .code = NFT_GOTO, .chain = (c) })
#define CALL(c)  ((struct outcome){ .code = NFT_JUMP, .chain = (c) }) /* and come back, unless it decides */

void rule_put(const struct rule_place *to, const char *chain, struct outcome outcome, const struct cond *conds);

#define ALWAYS                        ((struct cond){ .op = NFT_CMP_EQ })
#define RULE(to, chain, outcome, ...) rule_put(to, chain, outcome, (const struct cond[]){ __VA_ARGS__, ALWAYS })

/* A chain that others lead to. */
void rule_put_chain(const struct rule_place *to, const char *chain);

#endif
