/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network's IPv4 subnet: chosen at first use, kept beside its leases. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "store/internal.h"
#include "store/leases.h"

#define DEFAULT_NET  UINT32_C(0x0a760000) /* 10.118.0.0 */
#define OTHERS_FIRST UINT32_C(0x0a770000)
#define OTHERS_LAST  UINT32_C(0x0a7f0000)
#define NAMED_FIRST  UINT32_C(0x0a800000) /* 10.128.0.0 */
#define NAMED_LAST   UINT32_C(0x0abf0000)
#define CHOSEN       16 /* bits of a prefix that is chosen */

const char *lease_text(uint32_t addr, char text[static INET_ADDRSTRLEN])
{
	struct in_addr in = { .s_addr = htonl(addr) };

	return inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN);
}

const char *lease_subnet_text(const struct lease_subnet *subnet, char text[static LEASE_SUBNET_TEXT])
{
	char addr[INET_ADDRSTRLEN];

	str_print(text, LEASE_SUBNET_TEXT, "%s/%u", lease_text(subnet->net, addr), subnet->prefix);
	return text;
}

static uint32_t mask_of(const struct lease_subnet *subnet)
{
	return UINT32_MAX << (32 - subnet->prefix);
}

static bool overlap(const struct lease_subnet *a, const struct lease_subnet *b)
{
	return ((a->net ^ b->net) & mask_of(a) & mask_of(b)) == 0;
}

/* A line of /proc/net/route: does this route, the default one apart, share addresses with it? */
static bool route_overlaps(const char *line, const struct lease_subnet *subnet)
{
	unsigned dest, mask;

	/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...; addresses as the machine's words */
	if (sscanf(line, "%*s %x %*x %*x %*d %*d %*d %x", &dest, &mask) != 2 || mask == 0)
		return false;
	return ((ntohl(dest) ^ subnet->net) & ntohl(mask) & mask_of(subnet)) == 0;
}

static bool is_routed(const char *routes, const struct lease_subnet *subnet)
{
	for (const char *line = routes; line; line = strchr(line, '\n'))
		if (route_overlaps(line += *line == '\n', subnet))
			return true;
	return false;
}

int lease_read_subnet(const struct registry *reg, struct lease_subnet *ret, struct err *err)
{
	char text[64], *slash;
	struct in_addr in;
	uint64_t prefix;
	int r = reg->dir < 0 ? -ENOENT : file_read_small_at(reg->dir, "subnet", text, sizeof text, err);

	if (r < 0)
		return r;
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (!slash || str_uint(slash, LEASE_PREFIX_MIN, LEASE_PREFIX_MAX, &prefix) < 0 || inet_pton(AF_INET, text, &in) != 1)
		return err_set(err, EBADMSG, "'subnet' beside the leases in '%s/.leases' is not a subnet",
			       reg->store->manager);
	*ret = (struct lease_subnet){ ntohl(in.s_addr), (unsigned)prefix };
	return 0;
}

static int write_subnet(const struct registry *reg, const struct lease_subnet *subnet, struct err *err)
{
	char subnet_text[LEASE_SUBNET_TEXT], text[64];
	int r = str_print(text, sizeof text, "%s\n", lease_subnet_text(subnet, subnet_text));

	return r < 0 ? r : file_replace_at(reg->dir, "subnet", text, strlen(text), 0600, err);
}

/* Another network of the manager that shares addresses with one. */
struct neighbour {
	const struct store *store;
	const char *network;
	const struct lease_subnet *subnet;
	bool empty; /* one that has leased nothing counts too */
	char found[LEASE_NETWORK];
};

static int look_at(const char *network, void *data)
{
	REGISTRY_INIT(reg);
	struct neighbour *n = data;
	struct lease_subnet is;
	unsigned held = 0;

	if (str_eq(network, n->network) || lease_open(&reg, n->store, network, false, NULL) < 0 ||
	    lease_read_subnet(&reg, &is, NULL) < 0 || !overlap(&is, n->subnet))
		return 0;
	if (!n->empty && registry_count(&reg, &held, NULL) >= 0 && !held)
		return 0;
	str_print(n->found, sizeof n->found, "%s", network);
	return 1;
}

static bool find_neighbour(struct neighbour *n)
{
	return leases_each_network(n->store, look_at, n, NULL) == 1;
}

/* The first of the /16 from `first` to `last` that is free. */
static int choose_from(const struct store *store, const char *network, uint32_t first, uint32_t last,
		       struct lease_subnet *ret, struct err *err)
{
	autofree char *routes = NULL;
	struct neighbour n = { store, network, ret, true, "" };
	char one[INET_ADDRSTRLEN], other[INET_ADDRSTRLEN];
	int r = file_read_at(AT_FDCWD, "/proc/net/route", 64 << 20, &routes, NULL, err);

	for (ret->net = first; r == 0 && ret->net <= last; ret->net += lease_size(ret))
		if (!is_routed(routes, ret) && !find_neighbour(&n))
			return 0;
	return r < 0 ? r
		     : err_set(err, EADDRINUSE, "each of %s/16 to %s/16 overlaps a route of this host or another network",
			       lease_text(first, one), lease_text(last, other));
}

/* Under the lock of the default network's registry: of two networks that choose at a time the second one sees the first
 * one's. */
static int choose_named(struct registry *reg, const char *network, struct lease_subnet *ret, struct err *err)
{
	REGISTRY_INIT(lock);
	int r = lease_open(&lock, reg->store, "", true, err);

	if (r == 0)
		r = choose_from(reg->store, network, NAMED_FIRST, NAMED_LAST, ret, err);
	return r < 0 ? r : write_subnet(reg, ret, err);
}

int lease_keep_subnet(struct registry *reg, const char *network, struct lease_subnet *ret, struct err *err)
{
	int r = lease_read_subnet(reg, ret, err);

	if (r != -ENOENT)
		return r;
	*ret = (struct lease_subnet){ DEFAULT_NET, CHOSEN };
	if (*network)
		return choose_named(reg, network, ret, err);
	r = *reg->store->id ? choose_from(reg->store, network, OTHERS_FIRST, OTHERS_LAST, ret, err) : 0;
	return r < 0 ? r : write_subnet(reg, ret, err);
}

static int check_change(struct registry *reg, const char *network, const struct lease_subnet *wanted, struct err *err)
{
	struct neighbour n = { reg->store, network, wanted, false, "" };
	char text[LEASE_NETWORK_TEXT], other[LEASE_NETWORK_TEXT], subnet[LEASE_SUBNET_TEXT], old[LEASE_SUBNET_TEXT];
	unsigned held = 0;
	struct lease_subnet is;
	int r = lease_read_subnet(reg, &is, NULL);

	if (r == 0)
		r = registry_sweep(reg, err);
	if (r == 0)
		r = registry_count(reg, &held, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (held)
		return err_set(err, EBUSY, "%s cannot become %s: addresses of %s are leased, %u of them",
			       lease_network_text(network, text), lease_subnet_text(wanted, subnet),
			       lease_subnet_text(&is, old), held);
	if (find_neighbour(&n))
		return err_set(err, EADDRINUSE, "%s cannot become %s: %s has addresses of it",
			       lease_network_text(network, text), lease_subnet_text(wanted, subnet),
			       lease_network_text(n.found, other));
	return 0;
}

int leases_use_subnet(const struct store *store, const char *network, struct in_addr net, unsigned prefix, struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(writing);
	const struct lease_subnet wanted = { ntohl(net.s_addr), prefix };
	struct lease_subnet is;
	int r = lease_open(&reading, store, network, false, err);

	if (r < 0 || (lease_read_subnet(&reading, &is, NULL) == 0 && is.net == wanted.net && is.prefix == wanted.prefix))
		return r;
	r = lease_make(&writing, store, network, err);
	if (r == 0)
		r = check_change(&writing, network, &wanted, err);
	return r < 0 ? r : write_subnet(&writing, &wanted, err);
}

int leases_subnet(const struct store *store, const char *network, struct in_addr *ret_net, unsigned *ret_prefix,
		  struct err *err)
{
	REGISTRY_INIT(reading);
	struct lease_subnet subnet = { 0 };
	char text[LEASE_NETWORK_TEXT];
	int r = lease_open(&reading, store, network, false, err);

	if (r == 0)
		r = lease_read_subnet(&reading, &subnet, NULL);
	if (r == -ENOENT) {
		REGISTRY_INIT(writing);
		r = lease_make(&writing, store, network, err);
		if (r == 0)
			r = lease_keep_subnet(&writing, network, &subnet, err);
	}
	if (r < 0)
		return err_wrap(err, "find the subnet of %s", lease_network_text(network, text));
	ret_net->s_addr = htonl(subnet.net);
	*ret_prefix = subnet.prefix;
	return 0;
}
