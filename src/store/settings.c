/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "store/leases.h"

/* Is it of the blocks that RFC 1918 and RFC 6598 keep for private use? */
static bool is_private(uint32_t net)
{
	return net >> 24 == 10 || net >> 20 == 0xac1 || net >> 16 == 0xc0a8 || net >> 22 == 0x191;
}

static int parse_subnet(const struct key *key, void *field, const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	char addr[INET_ADDRSTRLEN];
	struct in_addr in;
	uint64_t prefix;

	(void)key;
	if (slash && str_uint(slash + 1, LEASE_PREFIX_MIN, LEASE_PREFIX_MAX, &prefix) == 0 &&
	    str_print(addr, sizeof addr, "%.*s", (int)(slash - text), text) == 0 && inet_pton(AF_INET, addr, &in) == 1 &&
	    (ntohl(in.s_addr) & UINT32_MAX >> prefix) == 0 && is_private(ntohl(in.s_addr))) {
		*(struct settings_subnet *)field = (struct settings_subnet){ in, (unsigned)prefix };
		return 0;
	}
	return err_set(err, EINVAL, "'%s' is not a private network of %d to %d bits such as 10.118.0.0/16", text,
		       LEASE_PREFIX_MIN, LEASE_PREFIX_MAX);
}

static bool print_subnet(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct settings_subnet *subnet = field;
	char addr[INET_ADDRSTRLEN];

	(void)key;
	if (i > 0 || !subnet->net.s_addr || !inet_ntop(AF_INET, &subnet->net, addr, sizeof addr))
		return false;
	str_addf(out, "%s/%u", addr, subnet->prefix);
	return true;
}

static const struct key_type key_subnet = { "A.B.C.D/N", sizeof(struct settings_subnet), parse_subnet, print_subnet, NULL };

static int parse_prefix6(const struct key *key, void *field, const char *text, struct err *err)
{
	static const uint8_t zero[8];
	const char *slash = strchr(text, '/');
	struct settings_prefix6 read = { .set = true, .none = str_eq(text, "none") };
	char addr[INET6_ADDRSTRLEN];

	(void)key;
	if (!read.none &&
	    (!slash || !str_eq(slash, "/64") || str_print(addr, sizeof addr, "%.*s", (int)(slash - text), text) < 0 ||
	     inet_pton(AF_INET6, addr, &read.net) != 1 || memcmp(read.net.s6_addr + 8, zero, sizeof zero) != 0 ||
	     IN6_IS_ADDR_MULTICAST(&read.net) || IN6_IS_ADDR_LINKLOCAL(&read.net) || IN6_IS_ADDR_UNSPECIFIED(&read.net)))
		return err_set(err, EINVAL,
			       "'%s' is neither none nor an IPv6 network of 64 bits such as fd12:3456:789a::/64", text);
	*(struct settings_prefix6 *)field = read;
	return 0;
}

static bool print_prefix6(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct settings_prefix6 *prefix = field;
	char addr[INET6_ADDRSTRLEN];

	(void)key;
	if (i > 0 || !prefix->set)
		return false;
	if (prefix->none)
		str_add(out, "none");
	else
		str_addf(out, "%s/64", inet_ntop(AF_INET6, &prefix->net, addr, sizeof addr));
	return true;
}

static const struct key_type key_prefix6 = { "none|IPv6/64", sizeof(struct settings_prefix6), parse_prefix6, print_prefix6,
					     NULL };

static int check_address(const char *text, struct err *err)
{
	struct in6_addr addr;

	if (inet_pton(AF_INET, text, &addr) == 1 || inet_pton(AF_INET6, text, &addr) == 1)
		return 0;
	return err_set(err, EINVAL, "'%s' is not an address such as 192.0.2.53 or 2001:db8::53", text);
}

static int parse_addresses(const struct key *key, void *field, const char *text, struct err *err)
{
	autocall(strv_done) struct strv words = { 0 };
	int r = key_words.parse(key, &words, text, err);

	for (size_t i = 0; i < words.n && r == 0; i++)
		r = check_address(words.v[i], err);
	return r < 0 ? r : key_words.parse(key, field, text, err);
}

static const struct key_type key_addresses = { "address", sizeof(struct strv), parse_addresses, key_print_strv,
					       key_clear_strv };

#define AT(field) offsetof(struct settings_network, field)

static const struct key network_keys[] = {
	{ .name = "ipv4.subnet",
	  .type = &key_subnet,
	  .off = AT(subnet),
	  .help = "Addresses of the network; chosen at first use when not set." },
	{ .name = "ipv6.prefix",
	  .type = &key_prefix6,
	  .off = AT(prefix6),
	  .help = "The same for IPv6; none: the network has no IPv6." },
	{ .name = "bridge",
	  .type = &key_ifname,
	  .off = AT(bridge),
	  .help = "Name of the interface that mgr makes for it; chosen when not set." },
	{ .name = "domain",
	  .type = &key_hostname,
	  .off = AT(domain),
	  .def = LEASE_DOMAIN_USUAL,
	  .help = "What NAME.mgr ends in." },
	{ .name = "resolvers",
	  .type = &key_addresses,
	  .off = AT(resolvers),
	  .flags = KEY_LIST,
	  .help = "Servers that are asked for every other name; the host's when not set." },
	{ 0 },
};

static const char *const choices[] = { [SETTINGS_AUTO] = "auto", [SETTINGS_YES] = "yes", [SETTINGS_NO] = "no", NULL };

static const struct key systemd_keys[] = {
	{ .name = "machined",
	  .type = &key_enum,
	  .off = offsetof(struct settings, machined),
	  .def = "auto",
	  .names = choices,
	  .help = "Register containers with systemd-machined; auto: where it is installed." },
	{ 0 },
};

static const struct key storage_keys[] = {
	{ .name = "backend",
	  .type = &key_string,
	  .off = offsetof(struct settings, backend),
	  .max = 32,
	  .help = "Where a new container's root file system is, as for mgr-create -B; auto when not set." },
	{ 0 },
};

static const struct section default_network = { .name = "network", .keys = network_keys };
static const struct section named_networks = {
	.name = "network", .kind = SECTION_NAMED, .keys = network_keys, .element = sizeof(struct settings_network)
};
static const struct section storage = { .name = "storage", .keys = storage_keys };
static const struct section systemd = { .name = "systemd", .keys = systemd_keys };
static const struct conf_part parts[] = {
	{ &default_network, offsetof(struct settings, network) },
	{ &named_networks, offsetof(struct settings, networks) },
	{ &storage, 0 },
	{ &systemd, 0 },
};
const struct schema settings_schema = { ARRAY_SIZE(parts), parts };

int settings_load(const struct store *store, struct settings *ret, struct err *err)
{
	autofree char *path = str_fmt("%s/mgr.conf", store->etc);
	int r;

	if (!path)
		return err_nomem(err);
	*ret = (struct settings){ 0 };
	r = conf_init(&settings_schema, ret, err);
	if (r == 0)
		r = conf_load(&settings_schema, ret, AT_FDCWD, path, err);
	if (r != -ENOENT)
		return r;
	err_clear(err);
	return 0;
}

void settings_done(struct settings *settings)
{
	conf_done(&settings_schema, settings);
}

int settings_network(const struct store *store, const struct settings *settings, const char *network,
		     const struct settings_network **ret, struct err *err)
{
	*ret = *network ? NULL : &settings->network;
	for (size_t i = 0; i < settings->networks.n && !*ret; i++)
		if (str_eq(settings->networks.v[i].name, network))
			*ret = &settings->networks.v[i];
	if (*ret)
		return 0;
	return err_set(err, ENOENT, "there is no network '%s': a line [network.%s] in '%s/mgr.conf' makes one", network,
		       network, store->etc);
}

int settings_use(const struct store *store, const struct settings_network *network, struct err *err)
{
	const struct settings_prefix6 *six = &network->prefix6;
	int r = 0;

	if (network->subnet.net.s_addr)
		r = leases_use_subnet(store, network->name, network->subnet.net, network->subnet.prefix, err);
	if (r == 0 && six->set)
		r = leases_use_prefix6(store, network->name, six->none ? NULL : &six->net, err);
	if (r == 0)
		r = leases_use_domain(store, network->name, network->domain ? network->domain : LEASE_DOMAIN_USUAL, err);
	return r;
}

int settings_apply(const struct store *store, const char *network, struct err *err)
{
	autocall(settings_done) struct settings settings = { 0 };
	const struct settings_network *its;
	int r = settings_load(store, &settings, err);

	if (r == 0)
		r = settings_network(store, &settings, network, &its, err);
	return r < 0 ? r : settings_use(store, its, err);
}
