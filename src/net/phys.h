/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an interface of the host was like before it went into a container (private to net/): a line of the undo record. */
#ifndef MGR_NET_PHYS_H
#define MGR_NET_PHYS_H

#include <net/if.h>

#include "base/str.h"
#include "net/rtnl.h"

#define PHYS_NUMBERS 8

struct phys {
	char name[IFNAMSIZ], kind[32]; /* hardware has no kind */
	unsigned inside, index;        /* its number in the container, and on the host */
	bool up;
	uint32_t mtu;
	uint8_t mac[6], broadcast[6], permanent[6];
	char bus[32], device[64];      /* what it is the interface of; "" where the kernel does not tell */
	unsigned flags;                /* those that root can set, but for IFF_UP */
	uint32_t number[PHYS_NUMBERS]; /* a group, a queue's length ... */
	unsigned has;                  /* a bit for each that is known: not all kernels have all */
	char alias[256];
	struct strv altnames;
	struct strv addresses; /* LOCAL/PREFIX[=PEER/PREFIX], behind a + where there is a broadcast address */
	bool has_kind;         /* an older line tells neither the kind */
	bool is_whole;         /* nor what stands behind it */
	bool failed;           /* memory ran out: something is missing */
};

/* What it is like now; not its addresses. `ret` has been zeroed. */
int phys_look(int sock, const struct rtnl_link *link, struct phys *ret, struct err *err);
void phys_print(const struct phys *p, struct str *out);
/* -EBADMSG, -ENOMEM; `ret` has been zeroed. */
int phys_read(const char *line, struct phys *ret);
void phys_done(struct phys *p);

/* The one that the record tells of, whatever it is called there. What hardware it is of nobody inside can change; what has a
 * kind has its number in the container. -ENODEV. */
int phys_find(int sock, const struct phys *was, struct rtnl_link *ret, struct err *err);
/* Is the hardware that it is the interface of still in the machine? */
bool phys_is_plugged(const struct phys *p);

/* Into a group at once: what the host's rules say of one must not hold for another's interface for a moment. */
int phys_move(int sock, int index, int netns, const char *name, uint32_t new_index, uint32_t group, struct err *err);
/* 0 and NULL: as it is. */
int phys_set(int sock, int index, uint32_t mtu, const uint8_t *mac, struct err *err);

uint32_t phys_group(const struct phys *p);
/* Whatever else root can have changed: flags, numbers, alias, other names. What cannot be so again is logged. */
void phys_restore(int sock, const struct rtnl_link *link, const struct phys *was);
/* Take away its other names: it cannot go where somebody has one of them. */
void phys_drop_altnames(int sock, int index);

#endif
