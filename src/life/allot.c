/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container alone has: its ids, its address, its hardware addresses. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "life/internal.h"
#include "store/ids.h"
#include "store/settings.h"

static int set(struct spec *spec, struct err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int set(struct spec *spec, struct err *err, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof buf)
		return err_set(err, ENAMETOOLONG, "set '%s...': too long", buf);
	return spec_set(spec, buf, err);
}

static struct lease *lease_of(struct birth *birth, const struct nic_conf *nic)
{
	for (size_t i = 0; i < birth->n_leases; i++)
		if (net_takes_lease(nic) && str_eq(birth->leases[i].network, net_network(nic)))
			return &birth->leases[i];
	return NULL;
}

/* Locally administered, unicast, below 80: those above are the host ends'. 45 random bits. */
static int random_mac(uint8_t mac[6], struct err *err)
{
	if (getrandom(mac, 6, 0) != 6)
		return err_sys(err, errno, "make up a hardware address");
	mac[0] = (uint8_t)((mac[0] & 0x7c) | 0x02);
	return 0;
}

static int set_macs(struct birth *birth, struct spec *spec, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->net.n; i++) {
		struct nic_conf *nic = &spec->net.v[i];
		const struct lease *lease = lease_of(birth, nic);
		uint8_t mac[6];
		birth->chosen_mac |= nic->has_hwaddr;
		if (nic->type != NIC_VETH || nic->has_hwaddr)
			continue;
		if (lease)
			memcpy(mac, lease->mac, sizeof mac);
		else
			r = random_mac(mac, err);
		if (r == 0)
			r = set(spec, err, "net.%u.hwaddr=%02x:%02x:%02x:%02x:%02x:%02x", nic->index, mac[0], mac[1], mac[2],
				mac[3], mac[4], mac[5]);
	}
	return r;
}

static int reserve_address(struct birth *birth, const struct nic_conf *nic, struct in_addr want, struct err *err)
{
	struct lease *lease = &birth->leases[birth->n_leases];
	int r;

	memcpy(lease->uuid, birth->uuid, sizeof lease->uuid);
	str_print(lease->network, sizeof lease->network, "%s", net_network(nic));
	r = str_print(lease->name, sizeof lease->name, "%s", birth->what->name);
	if (nic->has_hwaddr)
		memcpy(lease->mac, nic->hwaddr, sizeof nic->hwaddr);
	else if (r == 0)
		r = random_mac(lease->mac, err);
	if (r == 0)
		r = settings_apply(birth->store, lease->network, err);
	if (r == 0)
		r = leases_reserve(birth->store, lease, want, err);
	birth->n_leases += r == 0;
	return r < 0 && *lease->network ? err_wrap(err, "net.%u.network", nic->index) : r;
}

/* One a network; --ip is the first one's. */
static int reserve_addresses(struct birth *birth, struct spec *spec, struct err *err)
{
	struct in_addr want = birth->what->ip;
	int r = 0;

	for (size_t i = 0; i < spec->net.n && r == 0; i++) {
		const struct nic_conf *nic = &spec->net.v[i];
		if (!net_takes_lease(nic))
			continue;
		if (!lease_of(birth, nic))
			r = reserve_address(birth, nic, want, err);
		want.s_addr = 0;
	}
	if (r == 0 && want.s_addr)
		return err_set(err, EINVAL, "--ip: no interface of it has a leased address");
	return r;
}

int birth_allot(struct birth *birth, struct spec *spec, struct err *err)
{
	int r = 0;

	if (spec->container.idmap.mode == IDMAP_AUTO && !birth->first_id)
		r = ids_reserve(birth->store, birth->uuid, birth->what->name, &birth->first_id, err);
	if (r == 0)
		r = reserve_addresses(birth, spec, err);
	if (r == 0)
		r = set(spec, err, "container.uuid=%s", birth->uuid);
	if (r == 0 && spec->container.idmap.mode == IDMAP_MAP)
		r = spec_claim_ids(spec, birth->store, birth->what->name, err);
	if (r == 0 && spec->container.idmap.mode == IDMAP_AUTO) {
		r = set(spec, err, "container.idmap=u 0 %u %u", birth->first_id, IDS_COUNT);
		if (r == 0)
			r = set(spec, err, "container.idmap+=g 0 %u %u", birth->first_id, IDS_COUNT);
	}
	if (r == 0)
		r = net_claim(&spec->net, birth->store, birth->what->name, birth->uuid, err);
	if (r == 0)
		r = set_macs(birth, spec, err);
	if (r == 0 && !spec->uts.name)
		r = set(spec, err, "uts.name=%s", birth->what->name);
	return r;
}
