/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of its own, beside the networks': whatever would open a connection to one of its elements waits in a queue. It
 * comes before the tracking of flows, so that what waits has no flow yet, and gets the forward that is there when it goes
 * on. */
#ifndef MGR_NETD_NFT_WAKE_H
#define MGR_NETD_NFT_WAKE_H

#include "netd/nft.h"

struct nft_wake {
	struct nft nft; /* opened, with its table's name */
	uint16_t queue; /* its number */
	bool compat;    /* the kernel has no queue expression of nftables */
};

/* Make the table anew, with exactly these. */
int nft_wake_install(struct nft_wake *wake, const struct nft_elements *all, struct err *err);
/* As nft_change. */
int nft_wake_change(struct nft_wake *wake, const struct nft_elements *del, const struct nft_elements *add, struct err *err);

#endif
