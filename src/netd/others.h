/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other programs that rule over the host's packets and names, and what they are told of a network. What they undo is done
 * again: they may start at any time, and begin anew. */
#ifndef MGR_NETD_OTHERS_H
#define MGR_NETD_OTHERS_H

#include "base/err.h"
#include "base/loop.h"

struct dns;
struct legacy;
struct nft;
struct others;

/* Tell them, and watch. nft, dns, legacy: of the network, outlive this. What fails is logged: the network is there all the
 * same. */
struct others *others_new(const struct nft *nft, const struct dns *dns, struct legacy *legacy, struct loop *loop,
			  struct err *err);
/* Who resolves names for the host is told again: the bridge is another one. */
void others_names(struct others *others);
/* A container has come: the old iptables say nothing of what changes in them, so they are looked at soon. */
void others_joined(struct others *others);
/* An interface of the host's has an address that it did not have. */
void others_address(struct others *others);
/* What they know now, made as it should be. */
void others_look(struct others *others);
/* Those whose rules drop what belongs to the network, in one line; 0: there are none. Of the old iptables as they have
 * answered last (legacy.h). */
int others_trouble(const struct others *others, struct err *err);
/* Watch no longer. Takes NULL. */
void others_free(struct others *others);
/* They forget the network, with what one before us has told them; the old iptables soon. */
void others_forget(const struct nft *nft, struct legacy *legacy);

#endif
