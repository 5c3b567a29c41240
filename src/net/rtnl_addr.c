/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "net/rtnl.h"

void rtnl_start_addr(struct rtnl_msg *m, uint16_t type, uint16_t flags, const struct rtnl_addr *addr)
{
	struct ifaddrmsg info = { .ifa_family = addr->family,
				  .ifa_prefixlen = addr->prefix,
				  .ifa_scope = addr->scope,
				  .ifa_index = (uint32_t)addr->index };
	const size_t len = addr->family == AF_INET ? 4 : 16;
	uint32_t last;

	rtnl_start(m, type, flags, &info, sizeof info);
	rtnl_put(m, IFA_LOCAL, addr->local, len);
	rtnl_put(m, IFA_ADDRESS, addr->peer, len);
	if (addr->flags)
		rtnl_put_u32(m, IFA_FLAGS, addr->flags);
	if (addr->broadcast && addr->family == AF_INET && addr->prefix < 31) {
		memcpy(&last, addr->local, sizeof last);
		last |= htonl(UINT32_MAX >> addr->prefix);
		rtnl_put(m, IFA_BROADCAST, &last, sizeof last);
	}
}

/* IFA_ADDRESS is the other end's, where IFA_LOCAL is there too (if_addr.h). */
void rtnl_read_addr(const struct nlmsghdr *h, struct rtnl_addr *ret)
{
	const struct ifaddrmsg *info = NLMSG_DATA(h);
	const size_t len = info->ifa_family == AF_INET ? 4 : 16;
	unsigned left = (unsigned)IFA_PAYLOAD(h);
	bool has_local = false;

	*ret = (struct rtnl_addr){
		.index = (int)info->ifa_index,
		.family = info->ifa_family,
		.prefix = info->ifa_prefixlen,
		.scope = info->ifa_scope,
		.flags = info->ifa_flags,
	};
	for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_LOCAL && RTA_PAYLOAD(a) == len) {
			memcpy(ret->local, RTA_DATA(a), len);
			has_local = true;
		} else if (a->rta_type == IFA_ADDRESS && RTA_PAYLOAD(a) == len) {
			memcpy(ret->peer, RTA_DATA(a), len);
		} else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof ret->flags) {
			memcpy(&ret->flags, RTA_DATA(a), sizeof ret->flags);
		}
		ret->broadcast |= a->rta_type == IFA_BROADCAST;
	}
	if (!has_local)
		memcpy(ret->local, ret->peer, len);
}

/* What is no address is not told of. */
struct each {
	rtnl_each_fn *fn;
	void *data;
};

static void take(const struct nlmsghdr *h, void *data)
{
	const struct each *each = data;

	if (h->nlmsg_type == RTM_NEWADDR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
		each->fn(h, each->data);
}

int rtnl_each_addr(int sock, rtnl_each_fn *fn, void *data, struct err *err)
{
	struct ifaddrmsg info = { 0 };
	struct each each = { fn, data };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_GETADDR, NLM_F_DUMP, &info, sizeof info);
	return rtnl_dump(sock, &m, take, &each, err);
}
