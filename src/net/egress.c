/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/addr.h"

/* What each word stands for. Metadata: the services of clouds that tell a machine of theirs its secrets. */
static const struct word {
	const char *name;
	const char *const nets[8];
} words[] = {
	{ "all", { "0.0.0.0/0", "::/0" } },
	{ "link-local", { "169.254.0.0/16", "fe80::/10" } },
	{ "metadata",
	  { "169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
	    "fd00:ec2::254/128", "fd20:ce::254/128" } },
	{ "rfc1918", { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16" } },
	{ "rfc4193", { "fc00::/7" } },
};

static int read_word(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].name, text))
			return (int)i;
	return -ENOENT;
}

/* One address alone needs no prefix. */
static int read_net(const char *text, struct nic_addr *ret)
{
	const uint8_t family = strchr(text, ':') ? AF_INET6 : AF_INET;
	char whole[NIC_ADDR_TEXT];

	if (str_print(whole, sizeof whole, "%s%s", text, strchr(text, '/') ? "" : family == AF_INET6 ? "/128" : "/32") < 0)
		return -EINVAL;
	return addr_read_network(family, whole, ret);
}

static int add(struct nic_egress *egress, const char *text, struct err *err)
{
	struct nic_reach reach;

	memset(&reach, 0, sizeof reach); /* compared as bytes */
	reach.word = read_word(text);
	if (reach.word < 0 && read_net(text, &reach.net) < 0)
		return err_set(err, EINVAL,
			       "'%s' is not all, link-local, metadata, rfc1918, rfc4193 or a network such as 192.0.2.0/24",
			       text);
	for (size_t i = 0; i < egress->n; i++)
		if (memcmp(&egress->v[i], &reach, sizeof reach) == 0)
			return err_set(err, EINVAL, "'%s' is there twice", text);
	if (egress->n == NIC_EGRESS_MAX)
		return err_set(err, E2BIG, "'%s' is one too many: there are at most %d", text, NIC_EGRESS_MAX);
	egress->v[egress->n++] = reach;
	return 0;
}

/* Any number a line, with commas or blanks between them. */
static int parse(const struct key *key, void *field, const char *text, struct err *err)
{
	static const char between[] = ", \t";
	char one[NIC_ADDR_TEXT];
	int r = 0;

	(void)key;
	if (!text[strspn(text, between)])
		return err_set(err, EINVAL, "'%s' names no network", text);
	for (text += strspn(text, between); *text && r >= 0; text += strspn(text, between)) {
		size_t n = strcspn(text, between);
		if (str_print(one, sizeof one, "%.*s", (int)n, text) < 0)
			return err_set(err, EINVAL, "'%.*s' is no network", (int)n, text);
		r = add(field, one, err);
		text += n;
	}
	return r;
}

static bool print(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct nic_egress *egress = field;
	char text[NIC_ADDR_TEXT];

	(void)key;
	if (i >= egress->n)
		return false;
	str_add(out, egress->v[i].word >= 0 ? words[egress->v[i].word].name : addr_text(&egress->v[i].net, text));
	return true;
}

const struct key_type key_egress = { "network", sizeof(struct nic_egress), parse, print, NULL };

static void put(struct wire_net_item *to, enum wire_item_kind kind, uint8_t nic, const struct nic_addr *net)
{
	*to = (struct wire_net_item){ .kind = (uint8_t)kind, .nic = nic, .family = net->family, .prefix = net->prefix };
	memcpy(to->addr, net->addr, sizeof to->addr);
}

size_t egress_items(const struct nic_egress *egress, enum wire_item_kind kind, uint8_t nic, struct wire_net_item *to)
{
	struct nic_addr net;
	size_t n = 0;

	for (size_t i = 0; i < egress->n; i++) {
		const struct nic_reach *reach = &egress->v[i];
		if (reach->word < 0 && to)
			put(to + n, kind, nic, &reach->net);
		n += reach->word < 0;
		for (size_t k = 0; reach->word >= 0 && words[reach->word].nets[k]; k++, n++)
			if (to && read_net(words[reach->word].nets[k], &net) == 0)
				put(to + n, kind, nic, &net);
	}
	return n;
}
