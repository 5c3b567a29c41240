/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Docker's chain FORWARD drops what Docker does not know, whatever our table says. It asks DOCKER-USER first, a chain that
 * is there for others: rules of ours stand in it, each with a tag by which they are found again. Nothing else is touched.
 *
 * They accept what goes from the bridge to the outside (outside.h) or comes in from there: which of that comes in is
 * our own chain "passing" to judge. About what goes to other bridges of this host, or comes from them, Docker decides: its
 * containers are there, whatever the bridges are called, and those of networks that it makes later. */
#ifndef MGR_NETD_DOCKER_H
#define MGR_NETD_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Whose rules, and where. */
struct docker {
	const char *tag;    /* nobody else's */
	const char *bridge; /* NULL: none are to be there */
};

/* Is there a DOCKER-USER in nftables, where iptables-nft keeps it? */
bool docker_is_there(void);
/* Make ours in it as they should be, IPv4's and IPv6's, behind what the administrator has there. Right already, or no
 * Docker, is 0. */
int docker_set(const struct docker *docker, struct err *err);

/* The same of the old iptables, which their own programs change: they wait for a lock, and are waited for. */
bool docker_has_legacy(void);
int docker_set_legacy(const struct docker *docker, uint64_t deadline, struct err *err);
/* -EPERM when the old iptables drop what is forwarded, and have no rule about this bridge. */
int docker_trouble_legacy(const char *bridge, uint64_t deadline, struct err *err);

/* --- between docker*.c ------------------------------------------------------------------------------------------------ */

#define DOCKER_CHAIN "DOCKER-USER"

struct docker_rule { /* accepts */
	char in[16], out[16];
	char comment[80]; /* begins with the tag and a colon, and says all of the rule */
};

struct docker_rules {
	const char *tag;
	size_t n;
	struct docker_rule *v;
};

/* As they should be. rules: all zeros. */
int docker_rules_list(const struct docker *docker, struct docker_rules *rules, struct err *err);
void docker_rules_done(struct docker_rules *rules);
/* Of what somebody has written beside a rule: is it ours? */
bool docker_is_tagged(const struct docker_rules *rules, const char *comment);

#endif
