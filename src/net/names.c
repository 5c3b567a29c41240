/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/names.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "net/addr.h"
#include "net/net.h"

#define DIGITS 10

int net_veth_name(const char *uuid, unsigned index, char ret[static 16])
{
	size_t n = 0;

	if (index > 25)
		return -EINVAL;
	memcpy(ret, "mgr", 3);
	for (; *uuid && n < DIGITS; uuid++)
		if (isxdigit((unsigned char)*uuid))
			ret[3 + n++] = (char)tolower((unsigned char)*uuid);
	if (n < DIGITS)
		return -EINVAL;
	ret[3 + DIGITS] = (char)('a' + index);
	ret[4 + DIGITS] = '\0';
	return 0;
}

uint32_t net_port_group(const char *bridge)
{
	uint32_t hash = UINT32_C(0x811c9dc5);

	for (; *bridge; bridge++)
		hash = (hash ^ (uint8_t)*bridge) * UINT32_C(0x01000193);
	return (hash & INT32_MAX) | 1; /* 0 is every other interface's */
}

/* FNV-1a, 64 bits (draft-eastlake-fnv): the same one every time, and hardly ever another's. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash(uint64_t from, const char *text)
{
	for (; *text; text++)
		from = (from ^ (uint8_t)tolower((unsigned char)*text)) * UINT64_C(0x100000001b3);
	return from;
}

void net_mac(const char *uuid, unsigned index, uint8_t ret[static 6])
{
	uint64_t n = (hash(HASH_START, uuid) ^ (uint8_t)index) * UINT64_C(0x100000001b3);

	n ^= n >> 48; /* all of its bits count */
	for (size_t i = 0; i < 6; i++)
		ret[i] = (uint8_t)(n >> (8 * i));
	ret[0] = (uint8_t)((ret[0] & 0x7c) | 0x02); /* below the host ends', as create makes them */
}

bool net_takes_lease(const struct nic_conf *nic)
{
	return net_is_managed(nic) && addr_leases(&nic->ipv4);
}

const char *net_network(const struct nic_conf *nic)
{
	return nic->network ? nic->network : "";
}

bool net_is_managed(const struct nic_conf *nic)
{
	return nic->type == NIC_VETH && nic->opt.veth == VETH_BRIDGE &&
	       (nic->network || !nic->link || str_eq(nic->link, "mgrbr0"));
}

int net_nic_name(const struct nic_conf *nic, char ret[static 16])
{
	if (nic->name || (nic->type == NIC_PHYS && nic->link))
		return str_print(ret, 16, "%s", nic->name ? nic->name : nic->link);
	return str_print(ret, 16, "eth%u", nic->index);
}

bool net_has_ipv6(void)
{
	char text[8];

	return file_read_small_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", text, sizeof text, NULL) > 0 &&
	       str_eq(text, "0");
}

void net_bridge_name(const struct store *store, const char *network, char ret[static 16])
{
	uint64_t n = hash(hash(hash(HASH_START, store->id), "/"), network);

	if (!*network)
		str_print(ret, 16, store->id[0] ? "mgrbr-%s" : "mgrbr0", store->id);
	else if (store->id[0] || str_print(ret, 16, "mgr-%s", network) < 0)
		str_print(ret, 16, "mgr-%010" PRIx64, n & UINT64_C(0xffffffffff));
}

char *net_folder(const struct store *store, const char *network)
{
	return str_fmt("%s/.net%s%s", store->manager_run, *network ? "/networks/" : "", network);
}
