/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "netd/netd.h"
#include "store/leases.h"

int join_check_uuid(const char *uuid, struct err *err)
{
	if (strlen(uuid) != 36 || strspn(uuid, "0123456789abcdefABCDEF-") != 36)
		return err_set(err, EINVAL, "'%s' is not a uuid", uuid);
	return 0;
}

static int check_address(struct in_addr addr, const struct bridge *bridge, struct err *err)
{
	uint32_t mask = UINT32_MAX << (32 - bridge->prefix);
	char text[INET_ADDRSTRLEN], net[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &addr, text, sizeof text);
	if ((ntohl(addr.s_addr) & mask) != ntohl(bridge->net.s_addr))
		return err_set(err, EINVAL, "address %s is not in the managed network's %s/%u", text,
			       inet_ntop(AF_INET, &bridge->net, net, sizeof net), bridge->prefix);
	if (addr.s_addr == bridge->gateway.s_addr)
		return err_set(err, EINVAL, "address %s is the gateway's", text);
	return 0;
}

int join_check_forward(const struct wire_forward *f, struct err *err)
{
	if (f->proto != IPPROTO_TCP && f->proto != IPPROTO_UDP)
		return err_set(err, EINVAL, "a forward's protocol is neither tcp nor udp");
	if (!memchr(f->path, '\0', sizeof f->path))
		return err_set(err, EINVAL, "a forward's path has no end");
	if (f->family == AF_UNIX)
		return f->path[0] == '/' && f->target && !f->flags && f->proto == IPPROTO_TCP
			       ? 0
			       : err_set(err, EINVAL, "a forward of a unix socket has no path, or no port");
	if (f->family != AF_INET && f->family != AF_INET6 && f->family != AF_UNSPEC)
		return err_set(err, EINVAL, "a forward's address is of an unknown kind");
	if (f->flags & ~WIRE_FORWARD_WAKE)
		return err_set(err, EINVAL, "a forward has an option that this mgr-netd does not know");
	if (!f->port || !f->target || f->last < f->port || f->target + (f->last - f->port) > UINT16_MAX)
		return err_set(err, EINVAL, "a forward's ports %u-%u:%u are not a range", (unsigned)f->port,
			       (unsigned)f->last, (unsigned)f->target);
	return 0;
}

int join_check(const struct wire_net_join *join, const struct bridge *bridge, struct err *err)
{
	int r = store_check_new_name(join->name, err);

	if (r >= 0)
		r = join_check_uuid(join->uuid, err);
	if (r >= 0 && (join->ipv4.s_addr || join->n_forwards))
		r = check_address(join->ipv4, bridge, err);
	for (uint32_t i = 0; i < join->n_forwards && r >= 0; i++)
		r = join_check_forward(&join->forwards[i], err) < 0
			    ? -EINVAL
			    : join_check_family(join, bridge, &join->forwards[i], err);
	return r;
}

struct in6_addr join_ipv6(const struct wire_net_join *join, const struct bridge *bridge)
{
	const struct lease_network network = { .net6 = bridge->net6 };

	return join->ipv6 && join->ipv4.s_addr && bridge->has6 ? leases_ipv6(&network, join->ipv4) : in6addr_any;
}

struct in6_addr join_address(const struct wire_net_item *item)
{
	struct in6_addr six;
	struct in_addr four;

	memcpy(&six, item->addr, sizeof six);
	memcpy(&four, item->addr, sizeof four);
	return item->family == AF_INET ? nft_mapped(four) : six;
}

static struct in6_addr host_of(const struct wire_forward *f)
{
	struct in6_addr host = { 0 };
	struct in_addr ipv4;

	if (f->family == AF_INET6)
		memcpy(&host, f->addr, sizeof host);
	memcpy(&ipv4, f->addr, sizeof ipv4);
	return f->family == AF_INET && ipv4.s_addr ? nft_mapped(ipv4) : host;
}

int join_forward_elements(const struct wire_net_join *join, const struct bridge *bridge, const struct wire_forward *f,
			  struct nft_elements *ret)
{
	const struct in6_addr six = join_ipv6(join, bridge);
	struct nft_element e = { .host = host_of(f), .proto = f->proto, .wakes = f->flags & WIRE_FORWARD_WAKE };
	int r = 0;

	e.waits = f->flags & WIRE_FORWARD_WAKE || join->idle;
	e.four = f->family == AF_INET && nft_is_any(&e);
	if (f->family == AF_UNIX)
		return 0;
	for (uint32_t port = f->port; port <= f->last && r >= 0; port++) {
		e.port = (uint16_t)port;
		e.target = (uint16_t)(f->target + (port - f->port));
		e.guest = f->family == AF_INET6 ? six : nft_mapped(join->ipv4);
		e.second = false;
		r = nft_elements_add(ret, &e);
		e.guest = six;
		e.second = true;
		if (r >= 0 && f->family == AF_UNSPEC && !IN6_IS_ADDR_UNSPECIFIED(&six))
			r = nft_elements_add(ret, &e);
	}
	return r;
}

int join_check_family(const struct wire_net_join *join, const struct bridge *bridge, const struct wire_forward *f,
		      struct err *err)
{
	const struct in6_addr six = join_ipv6(join, bridge);

	if (f->family != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&six))
		return 0;
	return err_set(err, EAFNOSUPPORT, "an IPv6 address of the host cannot be forwarded: %s",
		       bridge->has6 ? "the container has none" : bridge->why6);
}

int join_elements(const struct wire_net_join *join, const struct bridge *bridge, struct nft_elements *ret, struct err *err)
{
	for (uint32_t i = 0; i < join->n_forwards; i++)
		if (join_forward_elements(join, bridge, &join->forwards[i], ret) < 0)
			return err_nomem(err);
	return 0;
}

int join_guards(const struct wire_net_join *join, const char *network, const struct bridge *bridge, struct guards *ret,
		struct err *err)
{
	const struct in6_addr six = join_ipv6(join, bridge);

	return guards_of_join(join, network, &six, ret) < 0 ? err_nomem(err) : 0;
}
