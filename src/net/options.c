/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/options.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "net/net.h"

/* --- rates ------------------------------------------------------------------------------------------------------------ */

#define LEAST_RATE UINT64_C(8000) /* a packet of 1,500 bytes takes 1.5 s */
#define MOST_RATE  UINT64_C(1000000000000)

static const struct {
	const char *name;
	uint64_t bits;
} units[] = { { "gbit", 1000000000 }, { "mbit", 1000000 }, { "kbit", 1000 }, { "bit", 1 } };

/* What is written without a unit means bytes to some programs and bits to others. */
static int parse_rate(const struct key *key, void *field, const char *text, struct err *err)
{
	const size_t digits = strspn(text, "0123456789");
	char number[24];
	uint64_t n;

	(void)key;
	if (str_print(number, sizeof number, "%.*s", (int)digits, text) < 0 || str_uint(number, 0, MOST_RATE, &n) < 0)
		n = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(units) && n != UINT64_MAX; i++) {
		if (strcasecmp(text + digits, units[i].name) != 0)
			continue;
		if (n > MOST_RATE / units[i].bits || n * units[i].bits < LEAST_RATE)
			return err_set(err, EINVAL, "'%s' is out of range: 8kbit to 1000gbit a second", text);
		*(uint64_t *)field = n * units[i].bits;
		return 0;
	}
	return err_set(err, EINVAL, "'%s' is not bits a second such as 500kbit, 10mbit or 1gbit", text);
}

static bool print_rate(const struct key *key, const void *field, size_t i, struct str *out)
{
	const uint64_t rate = *(const uint64_t *)field;
	size_t unit = 0;

	(void)key;
	if (i > 0 || !rate)
		return false;
	while (rate % units[unit].bits)
		unit++;
	str_addf(out, "%" PRIu64 "%s", rate / units[unit].bits, units[unit].name);
	return true;
}

const struct key_type key_rate = { "rate", sizeof(uint64_t), parse_rate, print_rate, NULL };

/* --- VLANs ------------------------------------------------------------------------------------------------------------ */

#define MOST_VLAN 4094 /* IEEE 802.1Q: 4095 is reserved */

static int read_vlan(const char *text, uint16_t *ret)
{
	uint64_t n;

	if (str_uint(text, 1, MOST_VLAN, &n) < 0)
		return -EINVAL;
	*ret = (uint16_t)n;
	return 0;
}

static int parse_untagged(const struct key *key, void *field, const char *text, struct err *err)
{
	uint16_t vlan = VLAN_NONE;

	(void)key;
	if (!str_eq(text, "none") && read_vlan(text, &vlan) < 0)
		return err_set(err, EINVAL, "'%s' is not none or a VLAN from 1 to %d", text, MOST_VLAN);
	memcpy(field, &vlan, sizeof vlan);
	return 0;
}

static bool print_untagged(const struct key *key, const void *field, size_t i, struct str *out)
{
	uint16_t vlan;

	(void)key;
	memcpy(&vlan, field, sizeof vlan);
	if (i > 0 || vlan == VLAN_UNSET)
		return false;
	if (vlan == VLAN_NONE)
		str_add(out, "none");
	else
		str_addf(out, "%u", (unsigned)vlan);
	return true;
}

const struct key_type key_untagged_vlan = { "none|VLAN", sizeof(uint16_t), parse_untagged, print_untagged, NULL };

static int parse_vlans(const struct key *key, void *field, const char *text, struct err *err)
{
	struct nic_vlans *vlans = field;
	uint16_t vlan;

	(void)key;
	if (read_vlan(text, &vlan) < 0)
		return err_set(err, EINVAL, "'%s' is not a VLAN from 1 to %d", text, MOST_VLAN);
	for (size_t i = 0; i < vlans->n; i++)
		if (vlans->v[i] == vlan)
			return err_set(err, EINVAL, "'%s' is there twice", text);
	if (vlans->n == NIC_VLANS_MAX)
		return err_set(err, E2BIG, "'%s' is one too many: an interface has at most %d", text, NIC_VLANS_MAX);
	vlans->v[vlans->n++] = vlan;
	return 0;
}

static bool print_vlans(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct nic_vlans *vlans = field;

	(void)key;
	if (i >= vlans->n)
		return false;
	str_addf(out, "%u", (unsigned)vlans->v[i]);
	return true;
}

const struct key_type key_vlans = { "VLAN", sizeof(struct nic_vlans), parse_vlans, print_vlans, NULL };
