/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "phys: NAME INSIDE INDEX up|down MTU MAC kind=KIND brd=MAC perm=MAC [bus=BUS dev=DEVICE] flags=HEX group=N ... alias=TEXT
 * alt=NAME... ADDRESS...", with %XX for what would part the words. */
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/nic.h"
#include "net/phys.h"
#include "net/phys_numbers.h"

#define MAC "%02x:%02x:%02x:%02x:%02x:%02x"

/* Younger than the headers of some that we are built with. */
enum { GRO_MAX_SIZE = 58, GSO_IPV4_MAX_SIZE = 63, GRO_IPV4_MAX_SIZE = 64 };

/* In this order: to set gso sets gso4 too. */
const struct phys_number phys_numbers[PHYS_NUMBERS] = {
	{ "group", IFLA_GROUP, 4 },       { "qlen", IFLA_TXQLEN, 4 },       { "mode", IFLA_LINKMODE, 1 },
	{ "gso", IFLA_GSO_MAX_SIZE, 4 },  { "segs", IFLA_GSO_MAX_SEGS, 4 }, { "gro", GRO_MAX_SIZE, 4 },
	{ "gso4", GSO_IPV4_MAX_SIZE, 4 }, { "gro4", GRO_IPV4_MAX_SIZE, 4 },
};

uint32_t phys_group(const struct phys *p)
{
	return p->number[0];
}

void phys_done(struct phys *p)
{
	strv_done(&p->altnames);
	strv_done(&p->addresses);
}

/* --- written ---------------------------------------------------------------------------------------------------------- */

static void add_word(struct str *out, const char *key, const char *text)
{
	str_addf(out, " %s", key);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		str_addf(out, *c <= ' ' || *c == '%' || *c >= 0x7f ? "%%%02x" : "%c", *c);
}

static void add_mac(struct str *out, const char *key, const uint8_t m[static 6])
{
	str_addf(out, " %s" MAC, key, m[0], m[1], m[2], m[3], m[4], m[5]);
}

void phys_print(const struct phys *p, struct str *out)
{
	str_addf(out, PHYS_LINE " %s %u %u %s %u", p->name, p->inside, p->index, p->up ? "up" : "down", p->mtu);
	add_mac(out, "", p->mac);
	add_word(out, "kind=", p->kind);
	add_mac(out, "brd=", p->broadcast);
	add_mac(out, "perm=", p->permanent);
	if (*p->device) {
		add_word(out, "bus=", p->bus);
		add_word(out, "dev=", p->device);
	}
	str_addf(out, " flags=%x", p->flags);
	for (size_t i = 0; i < PHYS_NUMBERS; i++)
		if (p->has & 1U << i)
			str_addf(out, " %s=%u", phys_numbers[i].name, p->number[i]);
	add_word(out, "alias=", p->alias);
	for (size_t i = 0; i < p->altnames.n; i++)
		add_word(out, "alt=", p->altnames.v[i]);
	for (size_t i = 0; i < p->addresses.n; i++)
		str_addf(out, " %s", p->addresses.v[i]);
}

/* --- read ------------------------------------------------------------------------------------------------------------- */

static void unescape(char *text)
{
	char *to = text;
	unsigned c;

	for (const char *p = text; *p; to++) {
		const bool escaped = *p == '%' && sscanf(p + 1, "%2x", &c) == 1;
		*to = escaped ? (char)c : *p;
		p += escaped ? 3 : 1;
	}
	*to = '\0';
}

static bool read_mac(const char *text, uint8_t m[static 6])
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) == 6;
}

static bool read_number(const char *word, struct phys *p)
{
	for (size_t i = 0; i < PHYS_NUMBERS; i++) {
		const size_t n = strlen(phys_numbers[i].name);
		if (!str_starts(word, phys_numbers[i].name) || word[n] != '=')
			continue;
		p->number[i] = (uint32_t)strtoul(word + n + 1, NULL, 10);
		p->has |= 1U << i;
		return true;
	}
	return false;
}

/* The text behind a key, or NULL. */
static const char *value_of(const char *word, const char *key)
{
	return str_starts(word, key) ? word + strlen(key) : NULL;
}

/* No address begins as one of the keys does. */
static int read_word(char *word, struct phys *p)
{
	const char *value;

	unescape(word);
	if ((value = value_of(word, "kind="))) {
		p->has_kind = true;
		return str_print(p->kind, sizeof p->kind, "%s", value);
	}
	if ((value = value_of(word, "flags="))) {
		p->is_whole = true;
		p->flags = (unsigned)strtoul(value, NULL, 16);
		return 0;
	}
	if ((value = value_of(word, "brd=")))
		return read_mac(value, p->broadcast) ? 0 : -EBADMSG;
	if ((value = value_of(word, "perm=")))
		return read_mac(value, p->permanent) ? 0 : -EBADMSG;
	if ((value = value_of(word, "bus=")))
		return str_print(p->bus, sizeof p->bus, "%s", value);
	if ((value = value_of(word, "dev=")))
		return str_print(p->device, sizeof p->device, "%s", value);
	if ((value = value_of(word, "alias=")))
		return str_print(p->alias, sizeof p->alias, "%s", value);
	if ((value = value_of(word, "alt=")))
		return strv_add(&p->altnames, value);
	return read_number(word, p) ? 0 : strv_add(&p->addresses, word);
}

int phys_read(const char *line, struct phys *ret)
{
	autofree char *words = NULL;
	char state[8], mac[18], *save = NULL;
	int n = 0, r = 0;

	if (sscanf(line, PHYS_LINE " %15s %u %u %7s %u %17s%n", ret->name, &ret->inside, &ret->index, state, &ret->mtu, mac,
		   &n) != 6 ||
	    !n || !read_mac(mac, ret->mac))
		return -EBADMSG;
	ret->up = str_eq(state, "up");
	words = strdup(line + n);
	if (!words)
		return -ENOMEM;
	for (char *w = strtok_r(words, " ", &save); w && r >= 0; w = strtok_r(NULL, " ", &save))
		r = read_word(w, ret);
	return r;
}
