/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that are stopped or frozen, and what comes to their forwards with the option `wake`: it waits in a queue while
 * its container is started or thawed, and goes on to the forward's element when something listens in there. Nothing is
 * relayed: the source address stays.
 *
 * A container with such a forward has a waker from its first join on, and a file in run/.net/.wake, from which the next
 * mgr-netd knows it again: the join of its last run, or what `mgr-boot --await` made of its configuration. */
#ifndef MGR_NETD_WAKE_H
#define MGR_NETD_WAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "netd/nft_wake.h"
#include "wire/wire.h"

struct member;
struct netd;
struct network;
struct queue;
struct waker;
struct wire_client;

struct wake {
	struct waker *wakers;
	size_t resting;        /* of stopped containers */
	struct queue *queue;   /* NULL: nothing has waited yet; and its table: */
	struct nft_wake table; /* one, whatever their networks */
	struct nft_watch *watch;
	struct loop_timer idle; /* looks at those that are to be frozen when they are not used */

	pid_t guard; /* starts mgr-netd again when it is killed; 0: none. Its pidfd: */
	int guard_fd;
	struct loop_io *guard_io;
	struct loop_timer guard_again;
};

/* Those of before we started. What one before us has left in the kernel is cleared away. */
void wake_start(struct netd *netd);
/* mgr-netd ends: nothing of it stays in the kernel. */
void wake_stop(struct netd *netd);
/* How many stopped containers need this network? */
uint32_t wake_resting(const struct network *network);
/* Does one need it, or (NULL) any? */
bool wake_needs(const struct netd *netd, const struct network *network);

/* WIRE_NET_WAIT: a container that is stopped, its join as of the next start. What comes has it started from now on. One that
 * is a member has none of it. -EADDRINUSE naming who has one of its ports. */
int wake_rest(struct netd *netd, const void *request, size_t len, struct err *err);
/* WIRE_NET_FORGET: it is there no more, or has no such forward any longer. */
void wake_forget(struct netd *netd, const char *uuid);

/* The member takes over the ports of its waker, if it has one; before claims_take, which then has nothing to do: 1. */
int wake_hand_over(struct member *member, struct err *err);
/* It is on the network, or its forwards are others. */
void wake_joined(struct member *member);
/* It could not join. */
/* It is no member from now on, for whatever reason. */
void wake_left(const struct member *member);
void wake_refused(struct netd *netd, const char *uuid);
/* It is about to leave the network, because it stops. */
void wake_leaving(struct member *member);
/* So it has: its supervisor is about to end, or has done so. */
void wake_closed(struct netd *netd, const struct wire_client *client);
/* Something is on its way to it that has not come by its elements. */
void wake_asked(struct member *member);
/* WIRE_NET_DOZE: its supervisor freezes it, or has done so, or lets it run on. */
int wake_doze(struct member *member, enum wire_state state, struct err *err);

#endif
