/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Docker's chain FORWARD drops what Docker does not know, whatever our table says. It asks DOCKER-USER first, a chain that
 * is there for others: rules of ours stand in it, each with a tag by which they are found again. Nothing else is touched. */
#ifndef MGR_NETD_DOCKER_H
#define MGR_NETD_DOCKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Let through what goes to the bridge or comes from it, wherever there is a DOCKER-USER: nftables' or the old iptables',
 * IPv4's and IPv6's. Behind what the administrator has there. Right already, or no Docker, is 0. tag: nobody else's. */
int docker_allow(const char *tag, const char *bridge, struct err *err);
/* Take away every rule with that tag. */
int docker_forget(const char *tag, struct err *err);

/* --- between docker*.c ------------------------------------------------------------------------------------------------ */

#define DOCKER_CHAIN "DOCKER-USER"

struct docker_rule {
	char in[16], out[16]; /* "": any */
	bool accept;          /* else Docker decides */
	char comment[80];     /* begins with the tag and a colon, and says all of the rule */
};

struct docker_rules {
	const char *tag;
	size_t n;
	struct docker_rule *v;
};

/* Of what somebody has written beside a rule: is it ours? */
bool docker_is_tagged(const struct docker_rules *rules, const char *comment);

/* Make those with the tag be exactly these. */
int docker_set_nft(const struct docker_rules *rules, struct err *err);
int docker_set_legacy(const struct docker_rules *rules, struct err *err);
/* Is there something in the old iptables? */
bool docker_has_legacy(void);
/* -EPERM when the old iptables drop what is forwarded, and have no rule about this bridge. */
int docker_trouble_legacy(const char *bridge, struct err *err);

#endif
