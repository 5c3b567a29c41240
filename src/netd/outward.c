/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that what goes out of the networks leaves by. What then comes to such a port from where it went is an
 * answer, whoever listens there: had containers the choice, one would send from a port that is forwarded to another, or
 * that a service of the host has, and take what others send there. So they have none of those that are forwarded, nor of
 * those below, which services have.
 *
 * Of UDP, where the port of who sends is often known too, it is above those that the host's programs get as well
 * (ip_local_port_range): there are few services there. It is the same for all that comes from one port of a container, and
 * that port itself if it may be: who wants to be reached from several others, as by STUN, depends on it. TCP needs more of
 * them, for its connections stay for two minutes; there it is chance that keeps a container from a service's port: it had to
 * hit it with each port that a client may have. */
#include <netinet/in.h>

#include "base/cleanup.h"
#include "netd/netd.h"

enum { ENOUGH = 1024, LAST = 65535 };

/* The longest row of ports from this one on that nobody has. */
static struct nft_ports longest(struct claim *const *claims, uint32_t from)
{
	struct nft_ports best = { 0 };
	uint32_t first = from, most = 0;

	for (uint32_t port = from; port <= LAST + 1; port++) {
		if (port <= LAST && !claims[port])
			continue;
		if (port - first > most) {
			most = port - first;
			best.first = (uint16_t)first;
			best.last = (uint16_t)(port - 1);
		}
		first = port + 1;
	}
	return best;
}

static struct nft_ports choose(const struct netd *netd, uint8_t proto)
{
	static const uint32_t from[] = { 61000, 32768, 1024 };
	const bool tcp = proto == IPPROTO_TCP;
	struct nft_ports ports = { 0 };

	for (size_t i = tcp ? 1 : 0; i < ARRAY_SIZE(from); i++) {
		ports = longest(netd->claims + (tcp ? 0 : LAST + 1), from[i]);
		if (ports.first && ports.last - ports.first >= ENOUGH)
			break;
	}
	ports.random = tcp;
	return ports;
}

static bool has(const struct nft_ports *ports, uint16_t port)
{
	return port >= ports->first && port <= ports->last;
}

void outward_claimed(struct netd *netd, uint8_t proto, uint16_t port)
{
	if (has(proto == IPPROTO_TCP ? &netd->out_tcp : &netd->out_udp, port))
		netd->out_chosen = false;
}

int outward_choose(struct netd *netd, struct err *err)
{
	int r = 0;

	if (netd->out_chosen)
		return 0;
	netd->out_chosen = true;
	netd->out_tcp = choose(netd, IPPROTO_TCP);
	netd->out_udp = choose(netd, IPPROTO_UDP);
	for (struct network *n = netd->networks; n && r >= 0; n = n->next) {
		n->nft.out_tcp = netd->out_tcp;
		n->nft.out_udp = netd->out_udp;
		if (n->up && nft_change_outgoing(&n->nft, NULL) < 0)
			r = network_restore(n, err);
	}
	netd->out_chosen = r >= 0;
	return r;
}
