/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network in the old iptables. Only their own programs can change those, and wait for each other: so they are asked by a
 * process of ours, and the loop goes on. Of what they change nobody hears. */
#ifndef MGR_NETD_LEGACY_H
#define MGR_NETD_LEGACY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "netd/helper.h"
#include "netd/nft.h"

struct legacy {
	const struct nft *nft; /* whose tag and bridge */
	void (*told)(void *data);
	void *data;

	struct err failed;  /* why our rules are not as they should be, as of the last answer */
	struct err trouble; /* who drops what is forwarded */

	/* private */
	struct helper helper;
	bool wanted, again;
	int answer;
};

/* told: called with each answer, never at once. */
void legacy_init(struct legacy *legacy, const struct nft *nft, struct loop *loop, void (*told)(void *data), void *data);
/* Make our rules as they should be, or (not wanted) take them away, and look for trouble. Of what is asked while an answer
 * is due, the last counts. False: there is nothing to ask, and told is not called. */
bool legacy_ask(struct legacy *legacy, bool wanted);
/* Until nothing is asked any more, or the deadline. */
void legacy_wait(struct legacy *legacy, uint64_t deadline);

#endif
