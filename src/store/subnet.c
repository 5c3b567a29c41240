/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The managed network's IPv4 subnet: chosen at first use, kept beside the leases. */
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

const char *lease_text(uint32_t addr, char text[static INET_ADDRSTRLEN])
{
	struct in_addr in = { .s_addr = htonl(addr) };

	return inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN);
}

/* A line of /proc/net/route: does this route, the default one apart, share addresses with net/16? */
static bool route_overlaps(const char *line, uint32_t net)
{
	unsigned dest, mask;

	/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...; addresses as the machine's words */
	if (sscanf(line, "%*s %x %*x %*x %*d %*d %*d %x", &dest, &mask) != 2 || mask == 0)
		return false;
	dest = ntohl(dest);
	mask = ntohl(mask) & (UINT32_MAX << (32 - LEASE_PREFIX));
	return (dest & mask) == (net & mask);
}

static bool is_routed(const char *routes, uint32_t net)
{
	for (const char *line = routes; line; line = strchr(line, '\n'))
		if (route_overlaps(line += *line == '\n', net))
			return true;
	return false;
}

static int choose_subnet(const struct store *store, uint32_t *ret, struct err *err)
{
	autofree char *routes = NULL;
	int r;

	*ret = DEFAULT_NET;
	if (!*store->id)
		return 0;
	r = file_read_at(AT_FDCWD, "/proc/net/route", 64 << 20, &routes, NULL, err);
	for (uint32_t net = OTHERS_FIRST; r == 0 && net <= OTHERS_LAST; net += 1U << (32 - LEASE_PREFIX)) {
		*ret = net;
		if (!is_routed(routes, net))
			return 0;
	}
	return r < 0 ? r : err_set(err, EADDRINUSE, "each of 10.119.0.0/16 to 10.127.0.0/16 overlaps a route of this host");
}

static int read_subnet(const struct registry *reg, uint32_t *ret, struct err *err)
{
	char text[64], *slash;
	struct in_addr in;
	int r = reg->dir < 0 ? -ENOENT : file_read_small_at(reg->dir, "subnet", text, sizeof text, err);

	if (r < 0)
		return r;
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (!slash || !str_eq(slash, "16") || inet_pton(AF_INET, text, &in) != 1)
		return err_set(err, EBADMSG, "'%s/.leases/subnet' is not a subnet", reg->store->manager);
	*ret = ntohl(in.s_addr);
	return 0;
}

static int write_subnet(const struct registry *reg, uint32_t net, struct err *err)
{
	char addr[INET_ADDRSTRLEN], text[64];
	int r = str_print(text, sizeof text, "%s/%u\n", lease_text(net, addr), LEASE_PREFIX);

	return r < 0 ? r : file_replace_at(reg->dir, "subnet", text, strlen(text), 0600, err);
}

int lease_keep_subnet(struct registry *reg, uint32_t *ret, struct err *err)
{
	int r = read_subnet(reg, ret, err);

	if (r != -ENOENT)
		return r;
	r = choose_subnet(reg->store, ret, err);
	return r < 0 ? r : write_subnet(reg, *ret, err);
}

static int change_subnet(struct registry *reg, uint32_t net, struct err *err)
{
	char addr[INET_ADDRSTRLEN], old[INET_ADDRSTRLEN];
	unsigned held = 0;
	uint32_t is;
	int r = read_subnet(reg, &is, NULL);

	if (r == 0 && is == net)
		return 0;
	if (r == 0)
		r = registry_sweep(reg, err);
	if (r == 0)
		r = registry_count(reg, &held, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (held)
		return err_set(err, EBUSY,
			       "the managed network cannot become %s/%u: addresses of %s/%u are leased, %u of them",
			       lease_text(net, addr), LEASE_PREFIX, lease_text(is, old), LEASE_PREFIX, held);
	return write_subnet(reg, net, err);
}

int leases_use_subnet(const struct store *store, struct in_addr net, struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(writing);
	uint32_t is;
	int r = registry_open(&reading, store, ".leases", false, err);

	if (r < 0 || (read_subnet(&reading, &is, NULL) == 0 && is == ntohl(net.s_addr)))
		return r;
	r = registry_make(&writing, store, ".leases", err);
	return r < 0 ? r : change_subnet(&writing, ntohl(net.s_addr), err);
}

int leases_subnet(const struct store *store, struct in_addr *ret_net, unsigned *ret_prefix, struct err *err)
{
	REGISTRY_INIT(reading);
	uint32_t net = 0;
	int r = registry_open(&reading, store, ".leases", false, err);

	if (r == 0)
		r = read_subnet(&reading, &net, NULL);
	if (r == -ENOENT) {
		REGISTRY_INIT(writing);
		r = registry_make(&writing, store, ".leases", err);
		if (r == 0)
			r = lease_keep_subnet(&writing, &net, err);
	}
	if (r < 0)
		return err_wrap(err, "find the managed network's subnet");
	ret_net->s_addr = htonl(net);
	*ret_prefix = LEASE_PREFIX;
	return 0;
}
