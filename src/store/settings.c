/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "store/leases.h"

/* From the blocks that RFC 1918 and RFC 6598 keep for private use. */
static bool is_private(uint32_t net)
{
	return net >> 24 == 10 || net >> 20 == 0xac1 || net >> 16 == 0xc0a8 || (net >> 22 == 0x191 && (net & 0xffff) == 0);
}

static int parse_subnet(const struct key *key, void *field, const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	char addr[INET_ADDRSTRLEN];
	struct in_addr in;

	(void)key;
	if (slash && str_eq(slash, "/16") && str_print(addr, sizeof addr, "%.*s", (int)(slash - text), text) == 0 &&
	    inet_pton(AF_INET, addr, &in) == 1 && (ntohl(in.s_addr) & 0xffff) == 0 && is_private(ntohl(in.s_addr))) {
		*(struct in_addr *)field = in;
		return 0;
	}
	return err_set(err, EINVAL, "'%s' is not a private network of 16 bits such as 10.118.0.0/16", text);
}

static bool print_subnet(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct in_addr *in = field;
	char addr[INET_ADDRSTRLEN];

	(void)key;
	if (i > 0 || !in->s_addr || !inet_ntop(AF_INET, in, addr, sizeof addr))
		return false;
	str_addf(out, "%s/16", addr);
	return true;
}

static const struct key_type key_subnet = { "A.B.0.0/16", sizeof(struct in_addr), parse_subnet, print_subnet, NULL };

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

static const struct key network_keys[] = {
	{ .name = "ipv4.subnet",
	  .type = &key_subnet,
	  .off = offsetof(struct settings, subnet),
	  .help = "Addresses of the managed network; chosen at first use when not set." },
	{ .name = "ipv6.prefix",
	  .type = &key_prefix6,
	  .off = offsetof(struct settings, prefix6),
	  .help = "The same for IPv6; none: the network has no IPv6." },
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

static const struct section network = { .name = "network", .keys = network_keys };
static const struct section systemd = { .name = "systemd", .keys = systemd_keys };
static const struct conf_part parts[] = { { &network, 0 }, { &systemd, 0 } };
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

int settings_apply(const struct store *store, struct err *err)
{
	struct settings settings;
	int r = settings_load(store, &settings, err);

	if (r == 0 && settings.subnet.s_addr)
		r = leases_use_subnet(store, settings.subnet, err);
	if (r == 0 && settings.prefix6.set)
		r = leases_use_prefix6(store, settings.prefix6.none ? NULL : &settings.prefix6.net, err);
	return r;
}
