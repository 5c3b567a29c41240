/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The managed network's IPv6 prefix, beside its IPv4 subnet: .leases/prefix6 has "fd12:3456:789a::/64" or "none". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "store/internal.h"
#include "store/leases.h"

#define FILE_NAME "prefix6"

static int read_prefix(const struct registry *reg, struct lease_network *ret, struct err *err)
{
	char text[64], *slash;
	int r = reg->dir < 0 ? -ENOENT : file_read_small_at(reg->dir, FILE_NAME, text, sizeof text, err);

	ret->has6 = false;
	if (r < 0 || str_eq(text, "none"))
		return r < 0 ? r : 0;
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (!slash || !str_eq(slash, "64") || inet_pton(AF_INET6, text, &ret->net6) != 1)
		return err_set(err, EBADMSG, "'" FILE_NAME "' beside the leases in '%s/.leases' is not a prefix",
			       reg->store->manager);
	ret->has6 = true;
	return 0;
}

static int write_prefix(const struct registry *reg, const struct lease_network *network, struct err *err)
{
	char addr[INET6_ADDRSTRLEN], text[64] = "none\n";

	if (network->has6)
		str_print(text, sizeof text, "%s/64\n", inet_ntop(AF_INET6, &network->net6, addr, sizeof addr));
	return file_replace_at(reg->dir, FILE_NAME, text, strlen(text), 0600, err);
}

/* fd, 40 random bits, subnet 0. */
static int choose(struct lease_network *ret, struct err *err)
{
	ret->net6 = (struct in6_addr){ .s6_addr = { 0xfd } };
	ret->has6 = true;
	return getrandom(ret->net6.s6_addr + 1, 5, 0) == 5 ? 0 : err_sys(err, errno, "choose an IPv6 prefix");
}

/* It is there from its first use on. */
static int read_network(const struct store *store, const char *network, struct lease_network *ret)
{
	REGISTRY_INIT(reg);
	struct lease_subnet subnet;
	int r = lease_open(&reg, store, network, false, NULL);

	if (r == 0)
		r = lease_read_subnet(&reg, &subnet, NULL);
	if (r == 0)
		r = read_prefix(&reg, ret, NULL);
	if (r < 0)
		return r;
	ret->net.s_addr = htonl(subnet.net);
	ret->prefix = subnet.prefix;
	lease_read_domain(&reg, ret->domain);
	return 0;
}

int leases_network(const struct store *store, const char *network, struct lease_network *ret, struct err *err)
{
	REGISTRY_INIT(reg);
	int r;

	if (read_network(store, network, ret) == 0)
		return 0;
	r = leases_subnet(store, network, &ret->net, &ret->prefix, err);
	if (r == 0)
		r = lease_make(&reg, store, network, err);
	if (r == 0)
		r = read_prefix(&reg, ret, err);
	if (r == -ENOENT)
		err_clear(err);
	if (r == -ENOENT)
		r = choose(ret, err) < 0 ? -EIO : write_prefix(&reg, ret, err);
	lease_read_domain(&reg, ret->domain);
	return r < 0 ? err_wrap(err, "find the managed network's IPv6 prefix") : 0;
}

struct in_addr leases_gateway(const struct lease_network *network)
{
	return (struct in_addr){ network->net.s_addr | htonl(1) };
}

struct in6_addr leases_ipv6(const struct lease_network *network, struct in_addr ipv4)
{
	struct in6_addr addr = network->net6;

	memcpy(addr.s6_addr + 14, (const uint8_t *)&ipv4 + 2, 2);
	return addr;
}

int leases_use_prefix6(const struct store *store, const char *network, const struct in6_addr *net6, struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(writing);
	struct lease_network is, wanted = { .has6 = net6 };
	char text[LEASE_NETWORK_TEXT];
	unsigned held = 0;
	int r = lease_open(&reading, store, network, false, err);

	if (net6)
		wanted.net6 = *net6;
	if (r < 0)
		return r;
	r = read_prefix(&reading, &is, NULL);
	if (r == 0 && is.has6 == wanted.has6 && (!net6 || memcmp(&is.net6, net6, sizeof *net6) == 0))
		return 0;
	if (r == 0)
		r = registry_count(&reading, &held, err);
	if (held)
		return err_set(err, EBUSY, "%s's IPv6 prefix cannot change: containers have addresses in it, %u of them",
			       lease_network_text(network, text), held);
	r = r < 0 && r != -ENOENT ? r : lease_make(&writing, store, network, err);
	return r < 0 ? r : write_prefix(&writing, &wanted, err);
}
