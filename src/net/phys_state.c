/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an interface is like, asked of the kernel, and made so again. */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "net/phys.h"
#include "net/phys_numbers.h"

enum {
	SETTABLE = IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST | IFF_PORTSEL |
		   IFF_AUTOMEDIA | IFF_DYNAMIC
};

/* Younger than the headers of some that we are built with. */
enum { PARENT_DEV_NAME = 56, PARENT_DEV_BUS_NAME = 57 };

/* --- asked ------------------------------------------------------------------------------------------------------------ */

static void read_number(struct phys *p, const struct rtattr *a)
{
	for (size_t i = 0; i < PHYS_NUMBERS; i++) {
		if (a->rta_type != phys_numbers[i].attr || RTA_PAYLOAD(a) != phys_numbers[i].size)
			continue;
		p->number[i] = phys_numbers[i].size == 1 ? *(const uint8_t *)RTA_DATA(a) : 0;
		if (phys_numbers[i].size == sizeof p->number[i])
			memcpy(&p->number[i], RTA_DATA(a), sizeof p->number[i]);
		p->has |= 1U << i;
	}
}

static void read_altnames(struct phys *p, const struct rtattr *list)
{
	unsigned left = (unsigned)RTA_PAYLOAD(list);

	for (const struct rtattr *a = RTA_DATA(list); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_ALT_IFNAME)
			p->failed |= strv_addf(&p->altnames, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a)) < 0;
}

static void read_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	unsigned left = (unsigned)IFLA_PAYLOAD(h);
	struct phys *p = data;

	if (h->nlmsg_type != RTM_NEWLINK)
		return;
	p->flags = info->ifi_flags & SETTABLE;
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		read_number(p, a);
		if (a->rta_type == IFLA_BROADCAST && RTA_PAYLOAD(a) == sizeof p->broadcast)
			memcpy(p->broadcast, RTA_DATA(a), sizeof p->broadcast);
		else if (a->rta_type == IFLA_PERM_ADDRESS && RTA_PAYLOAD(a) == sizeof p->permanent)
			memcpy(p->permanent, RTA_DATA(a), sizeof p->permanent);
		else if (a->rta_type == PARENT_DEV_NAME)
			str_print(p->device, sizeof p->device, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
		else if (a->rta_type == PARENT_DEV_BUS_NAME)
			str_print(p->bus, sizeof p->bus, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
		else if (a->rta_type == IFLA_IFNAME) /* it may have been found by another of its names */
			str_print(p->name, sizeof p->name, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
		else if (a->rta_type == IFLA_IFALIAS)
			str_print(p->alias, sizeof p->alias, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
		else if ((a->rta_type & NLA_TYPE_MASK) == IFLA_PROP_LIST)
			read_altnames(p, a);
	}
}

static int look(int sock, int index, struct phys *ret, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_GETLINK, 0, &info, sizeof info);
	rtnl_put_u32(&m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return rtnl_dump(sock, &m, read_link, ret, err);
}

int phys_look(int sock, const struct rtnl_link *link, struct phys *ret, struct err *err)
{
	ret->index = (unsigned)link->index;
	ret->up = link->flags & IFF_UP;
	ret->mtu = link->mtu;
	memcpy(ret->mac, link->mac, sizeof ret->mac);
	memcpy(ret->kind, link->kind, sizeof ret->kind);
	ret->has_kind = ret->is_whole = true;
	return look(sock, link->index, ret, err);
}

struct wanted {
	const struct phys *was;
	struct rtnl_link *found;
	bool any;
};

/* Nobody inside can make one that has no kind, but for `lo`. */
static bool is_it(const struct phys *was, const struct rtnl_link *link, const struct phys *p)
{
	if (was->has_kind && !str_eq(was->kind, link->kind))
		return false;
	if (!*was->device || !*p->device)
		return link->index == (int)was->inside && !(link->flags & IFF_LOOPBACK);
	return str_eq(was->device, p->device) && str_eq(was->bus, p->bus) &&
	       memcmp(was->permanent, p->permanent, sizeof p->permanent) == 0;
}

static void look_whether(const struct nlmsghdr *h, void *data)
{
	autocall(phys_done) struct phys p = { 0 };
	struct wanted *w = data;
	struct rtnl_link link;

	if (h->nlmsg_type != RTM_NEWLINK || w->any)
		return;
	read_link(h, &p);
	rtnl_read_link(h, &link);
	w->any = is_it(w->was, &link, &p);
	if (w->any)
		*w->found = link;
}

int phys_find(int sock, const struct phys *was, struct rtnl_link *ret, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct wanted wanted = { was, ret, false };
	struct rtnl_msg m;
	int r;

	rtnl_start(&m, RTM_GETLINK, NLM_F_DUMP, &info, sizeof info);
	rtnl_put_u32(&m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = rtnl_dump(sock, &m, look_whether, &wanted, err);
	return r < 0 ? r : wanted.any ? 0 : -ENODEV;
}

bool phys_is_plugged(const struct phys *p)
{
	autofree char *path = str_fmt("/sys/bus/%s/devices/%s", p->bus, p->device);

	return *p->device && path && access(path, F_OK) == 0;
}

/* --- made so again ---------------------------------------------------------------------------------------------------- */

static void start(struct rtnl_msg *m, uint16_t type, int index)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	rtnl_start(m, type, 0, &info, sizeof info);
}

/* The interface is back, and stays: no reason to fail. */
static void tell(int sock, struct rtnl_msg *m, const struct phys *was, const char *what)
{
	struct err err = { 0 };

	if (rtnl_talk(sock, m, &err) < 0)
		log_warn("interface '%s': %s: not as it was: %s", was->name, what, err.msg);
}

static void restore_numbers(int sock, int index, const struct phys *was, const struct phys *now)
{
	struct rtnl_msg m;

	for (size_t i = 0; i < PHYS_NUMBERS; i++) {
		const bool known = was->has & now->has & 1U << i;
		if (!known || was->number[i] == now->number[i])
			continue;
		start(&m, RTM_NEWLINK, index);
		if (phys_numbers[i].size == 1)
			rtnl_put(&m, phys_numbers[i].attr, &(const uint8_t){ (uint8_t)was->number[i] }, 1);
		else
			rtnl_put_u32(&m, phys_numbers[i].attr, was->number[i]);
		tell(sock, &m, was, phys_numbers[i].name);
	}
}

static void restore_flags(int sock, int index, const struct phys *was)
{
	const struct ifinfomsg info = { .ifi_index = index, .ifi_flags = was->flags, .ifi_change = SETTABLE };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	tell(sock, &m, was, "flags");
}

static int change_altname(int sock, int index, uint16_t type, const char *name, struct err *err)
{
	struct rtnl_msg m;
	size_t list;

	start(&m, type, index);
	if (type == RTM_NEWLINKPROP)
		m.head.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND;
	list = rtnl_nest(&m, IFLA_PROP_LIST | NLA_F_NESTED);
	rtnl_put_str(&m, IFLA_ALT_IFNAME, name);
	rtnl_nest_end(&m, list);
	return rtnl_talk(sock, &m, err);
}

static void restore_altnames(int sock, int index, const struct phys *was, const struct phys *now)
{
	struct err err = { 0 };

	for (size_t i = 0; i < now->altnames.n; i++)
		if (!strv_has(&was->altnames, now->altnames.v[i]))
			change_altname(sock, index, RTM_DELLINKPROP, now->altnames.v[i], NULL);
	for (size_t i = 0; i < was->altnames.n; i++)
		if (!strv_has(&now->altnames, was->altnames.v[i]) &&
		    change_altname(sock, index, RTM_NEWLINKPROP, was->altnames.v[i], &err) < 0)
			log_warn("interface '%s': its other name '%s' is not back: %s", was->name, was->altnames.v[i],
				 err.msg);
}

void phys_restore(int sock, const struct rtnl_link *link, const struct phys *was)
{
	autocall(phys_done) struct phys now = { 0 };
	struct rtnl_msg m;

	if (!was->is_whole || look(sock, link->index, &now, NULL) < 0)
		return;
	restore_numbers(sock, link->index, was, &now);
	if (was->flags != now.flags)
		restore_flags(sock, link->index, was);
	if (memcmp(was->broadcast, now.broadcast, sizeof was->broadcast) != 0) {
		start(&m, RTM_NEWLINK, link->index);
		rtnl_put(&m, IFLA_BROADCAST, was->broadcast, sizeof was->broadcast);
		tell(sock, &m, was, "broadcast address");
	}
	if (!str_eq(was->alias, now.alias)) {
		start(&m, RTM_NEWLINK, link->index);
		rtnl_put(&m, IFLA_IFALIAS, was->alias, strlen(was->alias));
		tell(sock, &m, was, "alias");
	}
	restore_altnames(sock, link->index, was, &now);
}

void phys_drop_altnames(int sock, int index)
{
	autocall(phys_done) struct phys now = { 0 };

	look(sock, index, &now, NULL);
	for (size_t i = 0; i < now.altnames.n; i++)
		change_altname(sock, index, RTM_DELLINKPROP, now.altnames.v[i], NULL);
}
