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

static struct nic_conf *leased_nic(struct spec *spec)
{
	for (size_t i = 0; i < spec->net.n; i++)
		if (net_takes_lease(&spec->net.v[i]))
			return &spec->net.v[i];
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
	const struct nic_conf *leased = leased_nic(spec);
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->net.n; i++) {
		struct nic_conf *nic = &spec->net.v[i];
		bool is_leased = leased && nic->index == leased->index && birth->lease.ipv4.s_addr;
		uint8_t mac[6];
		if (nic->type != NIC_VETH || nic->has_hwaddr)
			continue;
		if (is_leased)
			memcpy(mac, birth->lease.mac, sizeof mac);
		else
			r = random_mac(mac, err);
		if (r == 0)
			r = set(spec, err, "net.%u.hwaddr=%02x:%02x:%02x:%02x:%02x:%02x", nic->index, mac[0], mac[1], mac[2],
				mac[3], mac[4], mac[5]);
	}
	return r;
}

static int reserve_address(struct birth *birth, struct spec *spec, struct err *err)
{
	const struct nic_conf *nic = leased_nic(spec);
	int r;

	if (!nic && birth->what->ip.s_addr)
		return err_set(err, EINVAL, "--ip: no interface of it has a leased address");
	if (!nic || birth->lease.ipv4.s_addr)
		return 0;
	memcpy(birth->lease.uuid, birth->uuid, sizeof birth->lease.uuid);
	r = str_print(birth->lease.name, sizeof birth->lease.name, "%s", birth->what->name);
	if (nic->has_hwaddr)
		memcpy(birth->lease.mac, nic->hwaddr, sizeof nic->hwaddr);
	else if (r == 0)
		r = random_mac(birth->lease.mac, err);
	if (r == 0)
		r = settings_apply(birth->store, err);
	return r < 0 ? r : leases_reserve(birth->store, &birth->lease, birth->what->ip, err);
}

int birth_allot(struct birth *birth, struct spec *spec, struct err *err)
{
	int r = 0;

	if (spec->container.idmap.mode == IDMAP_AUTO && !birth->first_id)
		r = ids_reserve(birth->store, birth->uuid, birth->what->name, &birth->first_id, err);
	if (r == 0)
		r = reserve_address(birth, spec, err);
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
