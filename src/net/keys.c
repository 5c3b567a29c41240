/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [net.N] and [forward]. */
#include "net/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"
#include "net/egress.h"
#include "net/net.h"
#include "net/options.h"

static const char *const type_names[] = {
	[NIC_VETH] = "veth", [NIC_HOST] = "host",     [NIC_EMPTY] = "empty", [NIC_MACVLAN] = "macvlan",
	[NIC_PHYS] = "phys", [NIC_IPVLAN] = "ipvlan", [NIC_VLAN] = "vlan",   NULL,
};

static const char *const mode_names[] = {
	[MODE_PRIVATE] = "private", [MODE_VEPA] = "vepa", [MODE_BRIDGE] = "bridge", [MODE_PASSTHRU] = "passthru", NULL,
};

static const char *const ipvlan_names[] = { [IPVLAN_L3] = "l3", [IPVLAN_L3S] = "l3s", [IPVLAN_L2] = "l2", NULL };

static const char *const isolation_names[] = {
	[IPVLAN_BRIDGE] = "bridge",
	[IPVLAN_PRIVATE] = "private",
	[IPVLAN_VEPA] = "vepa",
	NULL,
};

static const char *const veth_names[] = { [VETH_BRIDGE] = "bridge", [VETH_ROUTER] = "router", NULL };

const char *net_type_name(enum nic_type type)
{
	return type_names[type];
}

static int parse_type(const struct key *key, void *field, const char *text, struct err *err)
{
	if (str_eq(text, "none"))
		return err_set(err, EINVAL,
			       "'none' means the host's network to LXC: write host for that, empty for lo alone");
	return key_enum.parse(key, field, text, err);
}

static bool print_type(const struct key *key, const void *field, size_t i, struct str *out)
{
	return key_enum.print(key, field, i, out);
}

static const struct key_type key_nic_type = { "one of", sizeof(enum nic_type), parse_type, print_type, NULL };

static int parse_name(const struct key *key, void *field, const char *text, struct err *err)
{
	if (str_eq(text, "lo"))
		return err_set(err, EINVAL, "'lo' is the loopback's name, every container has one");
	return key_ifname.parse(key, field, text, err);
}

static const struct key_type key_nic_name = { "interface", sizeof(char *), parse_name, key_print_string, key_clear_string };

/* What stands in struct nic_conf. */
struct mac {
	uint8_t addr[6];
	bool set;
};
_Static_assert(offsetof(struct nic_conf, has_hwaddr) - offsetof(struct nic_conf, hwaddr) == offsetof(struct mac, set),
	       "hwaddr and has_hwaddr are one field here");

static int parse_mac(const struct key *key, void *field, const char *text, struct err *err)
{
	static const struct mac zero;
	struct mac mac = { 0 };
	size_t n = 0;

	(void)key;
	for (; n < 6; n++) {
		char byte[3] = { text[n * 3], text[n * 3] ? text[n * 3 + 1] : '\0' }, *end;
		unsigned long value = strtoul(byte, &end, 16);
		if (end != byte + 2 || byte[0] == '+' || byte[0] == '-' || byte[0] == ' ' ||
		    text[n * 3 + 2] != (n < 5 ? ':' : '\0'))
			break;
		mac.addr[n] = (uint8_t)value;
	}
	if (n < 6 && strchr(text, 'x')) /* LXC's word for any digit */
		return err_set(err, EINVAL, "'%s' is no whole address: leave it out for one of the container's own", text);
	if (n < 6 || memcmp(&mac, &zero, sizeof mac) == 0)
		return err_set(err, EINVAL, "'%s' is not an Ethernet address such as 02:16:3e:4a:00:01", text);
	if (mac.addr[0] & 1)
		return err_set(err, EINVAL, "'%s' is a multicast address: the first byte must be even", text);
	mac.set = true;
	*(struct mac *)field = mac;
	return 0;
}

static bool print_mac(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct mac *mac = field;

	(void)key;
	if (i > 0 || !mac->set)
		return false;
	for (size_t k = 0; k < 6; k++)
		str_addf(out, "%s%02x", k ? ":" : "", mac->addr[k]);
	return true;
}

static const struct key_type key_mac = { "MAC", sizeof(struct mac), parse_mac, print_mac, NULL };

/* LXC's flags know just "up". */
static int parse_flags(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (!str_eq(text, "up") && !str_eq(text, "down"))
		return err_set(err, EINVAL, "'%s' is neither up nor down", text);
	*(bool *)field = str_eq(text, "down");
	return 0;
}

static bool print_flags(const struct key *key, const void *field, size_t i, struct str *out)
{
	(void)key;
	if (i == 0)
		str_add(out, *(const bool *)field ? "down" : "up");
	return i == 0;
}

static const struct key_type key_flags_up = { "up|down", sizeof(bool), parse_flags, print_flags, NULL };

static int parse_network(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (!conf_id_is_name(text, strlen(text)))
		return err_set(err, EINVAL,
			       "'%s' is not a network's name: up to %d small letters, digits and '-', first a letter", text,
			       CONF_ID_MAX);
	return key_store_string(field, text, err);
}

static const struct key_type key_network = { "network", sizeof(char *), parse_network, key_print_string, key_clear_string };

#define AT(field) offsetof(struct nic_conf, field)

static const struct key nic_keys[] = {
	{ .name = "type",
	  .type = &key_nic_type,
	  .off = AT(type),
	  .def = "veth",
	  .names = type_names,
	  .help = "veth: a cable to a bridge; macvlan: a hardware address of its own on an interface of the host; ipvlan: "
		  "an "
		  "address on one; vlan: a VLAN of one; phys: the interface itself; host: the host's network; empty: lo "
		  "alone." },
	{ .name = "network",
	  .type = &key_network,
	  .off = AT(network),
	  .help = "Managed network that it is on, NAME of a [network.NAME] in mgr.conf; the default one when not set." },
	{ .name = "link",
	  .type = &key_ifname,
	  .off = AT(link),
	  .help = "Bridge that the host's end joins, the managed one when not set, or none; of macvlan, ipvlan, "
		  "vlan and phys the host's interface." },
	{ .name = "name",
	  .type = &key_nic_name,
	  .off = AT(name),
	  .help = "Its name inside; when not set ethN, of phys its own." },
	{ .name = "hwaddr",
	  .type = &key_mac,
	  .off = AT(hwaddr),
	  .help = "Ethernet address; mgr-create chooses one, else it is made of container.uuid and N." },
	{ .name = "mtu",
	  .type = &key_u32,
	  .off = AT(mtu),
	  .min = 68,
	  .max = 65535,
	  .help = "Largest packet in bytes; the link's when not set, which is the most." },
	{ .name = "flags", .type = &key_flags_up, .off = AT(down), .def = "up", .help = "State that it starts in." },
	{ .name = "ipv4.address",
	  .type = &key_ipv4_addresses,
	  .off = AT(ipv4),
	  .flags = KEY_LIST,
	  .help = "lease: the container's own on the managed network, which is the default; none; or addresses of your own, "
		  "one a line." },
	{ .name = "ipv4.gateway",
	  .type = &key_ipv4_gateway,
	  .off = AT(ipv4_gateway),
	  .help = "Default route; the managed network's own when not set; none; auto: the link's address on the host; dev: "
		  "the interface itself." },
	{ .name = "ipv6.address",
	  .type = &key_ipv6_addresses,
	  .off = AT(ipv6),
	  .flags = KEY_LIST,
	  .help = "As ipv4.address; the lease is the one that goes with the container's IPv4 address." },
	{ .name = "ipv6.gateway", .type = &key_ipv6_gateway, .off = AT(ipv6_gateway), .help = "As ipv4.gateway." },
	{ .name = "isolated",
	  .type = &key_bool,
	  .off = AT(opt.isolated),
	  .def = "no",
	  .help = "On a managed network: no traffic between it and other containers." },
	{ .name = "host.access",
	  .type = &key_bool,
	  .off = AT(opt.host_access),
	  .def = "no",
	  .help = "On a managed network: the host's own services are reached, not only its DNS and DHCP." },
	{ .name = "egress.deny",
	  .type = &key_egress,
	  .off = AT(opt.deny),
	  .flags = KEY_LIST,
	  .help = "On a managed network: where it may not send to: all, link-local, metadata, rfc1918, rfc4193, networks; "
		  "with commas or a line each." },
	{ .name = "egress.allow",
	  .type = &key_egress,
	  .off = AT(opt.allow),
	  .flags = KEY_LIST,
	  .help = "What is excepted from egress.deny." },
	{ .name = "veth.pair",
	  .type = &key_ifname,
	  .off = AT(pair),
	  .help = "Name of the host's end of a veth; made of container.uuid and N when not set." },
	{ .name = "veth.mode",
	  .type = &key_enum,
	  .off = AT(opt.veth),
	  .def = "bridge",
	  .names = veth_names,
	  .help = "router: no bridge, the host routes to the container's addresses." },
	{ .name = "veth.ipv4.route",
	  .type = &key_ipv4_routes,
	  .off = AT(opt.routes4),
	  .flags = KEY_LIST,
	  .help = "Networks behind the container, which the host routes to it, one a line." },
	{ .name = "veth.ipv6.route",
	  .type = &key_ipv6_routes,
	  .off = AT(opt.routes6),
	  .flags = KEY_LIST,
	  .help = "The same." },
	{ .name = "veth.vlan.id",
	  .type = &key_untagged_vlan,
	  .off = AT(opt.untagged),
	  .help = "VLAN of untagged packets on a bridge that filters VLANs; its own default when not set, or none." },
	{ .name = "veth.vlan.tagged.id",
	  .type = &key_vlans,
	  .off = AT(opt.tagged),
	  .flags = KEY_LIST,
	  .help = "VLANs of tagged packets there, one a line." },
	{ .name = "rate.ingress",
	  .type = &key_rate,
	  .off = AT(opt.ingress),
	  .help = "Most that comes into the container by a veth, bits a second: 500kbit, 10mbit, 1gbit." },
	{ .name = "rate.egress", .type = &key_rate, .off = AT(opt.egress), .help = "The same of what leaves it." },
	{ .name = "ipvlan.mode",
	  .type = &key_enum,
	  .off = AT(opt.ipvlan),
	  .def = "l3",
	  .names = ipvlan_names,
	  .help = "l2: a switch; l3: a router; l3s: a router, with the host's netfilter." },
	{ .name = "ipvlan.isolation",
	  .type = &key_enum,
	  .off = AT(opt.isolation),
	  .def = "bridge",
	  .names = isolation_names,
	  .help = "Whether an ipvlan reaches others on its interface: bridge, private, or vepa." },
	{ .name = "vlan.id", .type = &key_u32, .off = AT(opt.vlan), .min = 1, .max = 4094, .help = "Number of a vlan." },
	{ .name = "macvlan.mode",
	  .type = &key_enum,
	  .off = AT(opt.mode),
	  .def = "private",
	  .names = mode_names,
	  .help = "Whom a macvlan reaches: private, vepa, bridge, or passthru." },
	{ .name = "script.up",
	  .type = &key_command,
	  .off = AT(script_up),
	  .help = "Runs on the host once the interface is there." },
	{ .name = "script.down",
	  .type = &key_command,
	  .off = AT(script_down),
	  .help = "Runs on the host before the interface goes." },
	{ 0 },
};

const struct section net_nic_section = {
	.name = "net",
	.kind = SECTION_NUMBERED,
	.keys = nic_keys,
	.element = sizeof(struct nic_conf),
	.max = NICS_MAX - 1,
};

static int parse_forward(const struct key *key, void *field, const char *text, struct err *err)
{
	struct forward_conf *conf = field;
	struct wire_forward forward, *v;
	int r = net_forward_parse(text, &forward, err);

	(void)key;
	if (r < 0)
		return r;
	v = reallocarray(conf->v, conf->n + 1, sizeof *v);
	if (!v)
		return err_nomem(err);
	conf->v = v;
	v[conf->n++] = forward;
	return 0;
}

static bool print_forward(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct forward_conf *conf = field;

	(void)key;
	if (i >= conf->n)
		return false;
	net_forward_print(&conf->v[i], out);
	return true;
}

static void clear_forward(const struct key *key, void *field)
{
	struct forward_conf *conf = field;

	(void)key;
	free(conf->v);
	*conf = (struct forward_conf){ 0 };
}

static const struct key_type key_forward = { "port forward", sizeof(struct forward_conf), parse_forward, print_forward,
					     clear_forward };

static const struct key forward_keys[] = {
	{ .name = "port",
	  .type = &key_forward,
	  .flags = KEY_LIST,
	  .help = "PROTO:[HOSTIP:]PORT[-PORT]:PORT[-PORT], the host's port first, then the container's; or "
		  "unix:/PATH:PORT." },
	{ 0 },
};

const struct section net_forward_section = { .name = "forward", .keys = forward_keys };
