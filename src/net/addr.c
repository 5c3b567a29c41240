/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

size_t addr_len(const struct nic_addr *addr)
{
	return addr->family == AF_INET6 ? 16 : 4;
}

const char *addr_text(const struct nic_addr *addr, char text[static NIC_ADDR_TEXT])
{
	char plain[INET6_ADDRSTRLEN];

	str_print(text, NIC_ADDR_TEXT, "%s/%u", inet_ntop(addr->family, addr->addr, plain, sizeof plain), addr->prefix);
	return text;
}

bool addr_leases(const struct nic_addrs *addrs)
{
	return addrs->lease || (!addrs->none && addrs->n == 0);
}

/* Network and broadcast address, multicast, loopback: nothing that a NIC can have. */
static bool ipv4_usable(uint32_t addr, unsigned prefix)
{
	uint32_t host = prefix < 31 ? ~(uint32_t)0 >> prefix : 0;

	if (host && ((addr & host) == 0 || (addr & host) == host))
		return false;
	return addr >> 24 != 0 && addr >> 24 != 127 && addr >> 28 < 14;
}

static bool ipv6_usable(const struct in6_addr *addr)
{
	return !IN6_IS_ADDR_UNSPECIFIED(addr) && !IN6_IS_ADDR_LOOPBACK(addr) && !IN6_IS_ADDR_MULTICAST(addr) &&
	       !IN6_IS_ADDR_V4MAPPED(addr);
}

static bool usable(const struct nic_addr *addr)
{
	struct in_addr four;
	struct in6_addr six;

	memcpy(&four, addr->addr, sizeof four);
	memcpy(&six, addr->addr, sizeof six);
	return addr->family == AF_INET ? ipv4_usable(ntohl(four.s_addr), addr->prefix) : ipv6_usable(&six);
}

static int read_address(uint8_t family, const char *text, bool with_prefix, struct nic_addr *ret)
{
	const char *slash = strchr(text, '/');
	uint64_t longest = family == AF_INET ? 32 : 128, prefix = longest;
	struct nic_addr addr = { .family = family };
	char plain[INET6_ADDRSTRLEN];

	if (with_prefix != !!slash || (slash && str_uint(slash + 1, 1, longest, &prefix) < 0))
		return -EINVAL;
	addr.prefix = (uint8_t)prefix;
	if (str_print(plain, sizeof plain, "%.*s", (int)(slash ? slash - text : (ptrdiff_t)strlen(text)), text) < 0 ||
	    inet_pton(family, plain, addr.addr) != 1 || !usable(&addr))
		return -EINVAL;
	*ret = addr;
	return 0;
}

static int add_address(struct nic_addrs *addrs, const struct nic_addr *addr, const char *text, struct err *err)
{
	for (size_t i = 0; i < addrs->n; i++)
		if (memcmp(addrs->v[i].addr, addr->addr, sizeof addr->addr) == 0)
			return err_set(err, EINVAL, "'%s' is there twice", text);
	if (addrs->n == NIC_ADDRS_MAX)
		return err_set(err, E2BIG, "'%s' is one too many: an interface has at most %d", text, NIC_ADDRS_MAX);
	addrs->v[addrs->n++] = *addr;
	addrs->none = false;
	return 0;
}

static int parse_addresses(uint8_t family, struct nic_addrs *addrs, const char *text, struct err *err)
{
	struct nic_addr addr;

	if (str_eq(text, "none")) {
		*addrs = (struct nic_addrs){ .none = true };
		return 0;
	}
	if (str_eq(text, "lease")) {
		addrs->lease = true;
		addrs->none = false;
		return 0;
	}
	if (read_address(family, text, true, &addr) < 0)
		return err_set(err, EINVAL, "'%s' is not lease, none or an address of a host with its prefix, such as %s",
			       text, family == AF_INET ? "10.0.3.7/24" : "fd00:3::7/64");
	return add_address(addrs, &addr, text, err);
}

/* In one order, whatever the file's: the lease is the container's main address. */
static bool print_addresses(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct nic_addrs *addrs = field;
	char text[NIC_ADDR_TEXT];
	bool word = addrs->none || addr_leases(addrs);

	(void)key;
	if (word && i == 0)
		str_add(out, addrs->none ? "none" : "lease");
	else if (i - word < addrs->n)
		str_add(out, addr_text(&addrs->v[i - word], text));
	else
		return false;
	return true;
}

static void clear_addresses(const struct key *key, void *field)
{
	(void)key;
	*(struct nic_addrs *)field = (struct nic_addrs){ 0 };
}

static int parse_gateway(uint8_t family, struct nic_gateway *gateway, const char *text, struct err *err)
{
	struct nic_gateway read = {
		.none = str_eq(text, "none"),
		.link = str_eq(text, "auto"),
		.device = str_eq(text, "dev"),
	};

	if (!read.none && !read.link && !read.device && read_address(family, text, false, &read.addr) < 0)
		return err_set(err, EINVAL, "'%s' is not none, auto, dev or an %s address such as %s", text,
			       family == AF_INET ? "IPv4" : "IPv6", family == AF_INET ? "10.0.3.1" : "fd00:3::1");
	*gateway = read;
	return 0;
}

static bool print_gateway(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct nic_gateway *gateway = field;
	char text[INET6_ADDRSTRLEN];

	(void)key;
	if (i > 0)
		return false;
	if (gateway->addr.family)
		str_add(out, inet_ntop(gateway->addr.family, gateway->addr.addr, text, sizeof text));
	else if (gateway->none || gateway->link || gateway->device)
		str_add(out, gateway->none ? "none" : gateway->link ? "auto" : "dev");
	else
		return false;
	return true;
}

/* --- routes ----------------------------------------------------------------------------------------------------------- */

bool addr_is_link_local(const struct nic_addr *addr)
{
	const uint8_t *a = addr->addr;

	return addr->family == AF_INET ? a[0] == 169 && a[1] == 254 : a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

bool addr_same_net(const struct nic_addr *a, const struct nic_addr *b, unsigned prefix)
{
	const unsigned whole = prefix / 8, rest = prefix % 8;

	if (memcmp(a->addr, b->addr, whole) != 0)
		return false;
	return !rest || !((a->addr[whole] ^ b->addr[whole]) >> (8 - rest));
}

int addr_read_network(uint8_t family, const char *text, struct nic_addr *ret)
{
	const char *slash = strchr(text, '/');
	uint64_t longest = family == AF_INET ? 32 : 128, prefix;
	struct nic_addr addr = { .family = family }, zero = { 0 };
	char plain[INET6_ADDRSTRLEN];
	size_t n = slash ? (size_t)(slash - text) : sizeof plain;

	if (n >= sizeof plain || str_uint(slash + 1, 0, longest, &prefix) < 0)
		return -EINVAL;
	memcpy(plain, text, n);
	plain[n] = '\0';
	if (inet_pton(family, plain, addr.addr) != 1)
		return -EINVAL;
	addr.prefix = (uint8_t)prefix;
	for (unsigned bit = addr.prefix; bit < longest; bit++)
		if (addr.addr[bit / 8] & 0x80 >> bit % 8)
			return -EINVAL;
	if (!prefix && memcmp(addr.addr, zero.addr, sizeof addr.addr) != 0)
		return -EINVAL;
	*ret = addr;
	return 0;
}

static int parse_routes(uint8_t family, struct nic_routes *routes, const char *text, struct err *err)
{
	struct nic_addr addr;

	if (addr_read_network(family, text, &addr) < 0)
		return err_set(err, EINVAL, "'%s' is not a network with its prefix, such as %s", text,
			       family == AF_INET ? "192.0.2.0/24" : "2001:db8::/64");
	for (size_t i = 0; i < routes->n; i++)
		if (memcmp(&routes->v[i], &addr, sizeof addr) == 0)
			return err_set(err, EINVAL, "'%s' is there twice", text);
	if (routes->n == NIC_ROUTES_MAX)
		return err_set(err, E2BIG, "'%s' is one too many: an interface has at most %d", text, NIC_ROUTES_MAX);
	routes->v[routes->n++] = addr;
	return 0;
}

static bool print_routes(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct nic_routes *routes = field;
	char text[NIC_ADDR_TEXT];

	(void)key;
	if (i >= routes->n)
		return false;
	str_add(out, addr_text(&routes->v[i], text));
	return true;
}

static int parse_ipv4_addresses(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return parse_addresses(AF_INET, field, text, err);
}

static int parse_ipv4_gateway(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return parse_gateway(AF_INET, field, text, err);
}

static int parse_ipv6_addresses(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return parse_addresses(AF_INET6, field, text, err);
}

static int parse_ipv6_gateway(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return parse_gateway(AF_INET6, field, text, err);
}

static int parse_ipv4_routes(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return parse_routes(AF_INET, field, text, err);
}

static int parse_ipv6_routes(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return parse_routes(AF_INET6, field, text, err);
}

const struct key_type key_ipv4_addresses = { "lease|none|A.B.C.D/P", sizeof(struct nic_addrs), parse_ipv4_addresses,
					     print_addresses, clear_addresses };
const struct key_type key_ipv4_gateway = { "none|auto|dev|A.B.C.D", sizeof(struct nic_gateway), parse_ipv4_gateway,
					   print_gateway, NULL };
const struct key_type key_ipv6_addresses = { "lease|none|IPv6/P", sizeof(struct nic_addrs), parse_ipv6_addresses,
					     print_addresses, clear_addresses };
const struct key_type key_ipv6_gateway = { "none|auto|dev|IPv6", sizeof(struct nic_gateway), parse_ipv6_gateway,
					   print_gateway, NULL };
const struct key_type key_ipv4_routes = { "A.B.C.D/P", sizeof(struct nic_routes), parse_ipv4_routes, print_routes, NULL };
const struct key_type key_ipv6_routes = { "IPv6/P", sizeof(struct nic_routes), parse_ipv6_routes, print_routes, NULL };
