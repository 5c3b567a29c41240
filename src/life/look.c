/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "life/forward.h"
#include "life/glance.h"
#include "life/state.h"

void look_done(struct look *look)
{
	if (!look)
		return;
	strv_done(&look->ipv4);
	strv_done(&look->ipv6);
	strv_done(&look->forwards);
}

static int add_address(struct look *look, const struct ifaddrs *a)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)a->ifa_addr;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)a->ifa_addr;

	if (!a->ifa_addr || a->ifa_flags & IFF_LOOPBACK)
		return 0;
	if (a->ifa_addr->sa_family == AF_INET)
		return strv_add(&look->ipv4, inet_ntop(AF_INET, &four->sin_addr, text, sizeof text));
	if (a->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
		return strv_add(&look->ipv6, inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text));
	return 0;
}

static int list_addresses(struct look *look)
{
	struct ifaddrs *all;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a && r >= 0; a = a->ifa_next)
		r = add_address(look, a);
	freeifaddrs(all);
	return r;
}

/* The addresses that it really has: seen from inside its network namespace, where this process goes for a moment. */
static int find_addresses(struct look *look, struct err *err)
{
	autoclose int own = -1, its = -1;
	char path[32];
	int r;

	snprintf(path, sizeof path, "/proc/%d/ns/net", look->status.init_pid);
	its = open(path, O_RDONLY | O_CLOEXEC);
	if (its < 0)
		return 0; /* it has just ended */
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(its, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter its network");
	r = list_addresses(look);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "leave its network");
	return r < 0 ? err_sys(err, -r, "list its addresses") : 0;
}

static bool runs(const struct look *look)
{
	return look->status.init_pid || (look->silent && look->status.state != WIRE_STOPPED);
}

/* The configuration in force, or the one that the next start will use. */
static int find_config(const struct store *store, const char *name, struct look *look, struct err *err)
{
	autocall(strv_done) struct strv uuid = { 0 };
	autoclose int folder = store_container(store, name, err);
	int r = folder < 0 ? folder : glance_at(folder, "config", "container", "uuid", &uuid, err);

	if (r < 0)
		return r;
	if (uuid.n)
		str_print(look->uuid, sizeof look->uuid, "%s", uuid.v[uuid.n - 1]);
	return life_forwards(store, name, runs(look), &look->forwards, err);
}

static int find_usage(const struct cgroup *host, const struct store *store, const char *name, struct look *look,
		      struct err *err)
{
	struct cgroup cg = *host;
	int r = cgroup_name(&cg, store->cgroup, name, err);

	look->has_usage = r >= 0 && cgroup_usage(&cg, &look->usage, NULL) >= 0;
	return r;
}

static void find_last(const struct store *store, const char *name, struct look *look)
{
	autoclose int folder = store_container(store, name, NULL);

	look->has_last = folder >= 0 && last_read(folder, &look->last, NULL) >= 0;
}

int look_at(const struct cgroup *host, const struct store *store, const char *name, int asked, uint64_t deadline,
	    unsigned what, struct look *ret, struct err *err)
{
	int r;

	*ret = (struct look){ 0 };
	r = life_answer(store, name, asked, &ret->status, deadline, err);
	if (r == -ETIMEDOUT) {
		err_clear(err);
		ret->silent = true;
		r = 0;
	}
	if (r >= 0 && what & LOOK_IPS && ret->status.init_pid)
		r = find_addresses(ret, err);
	if (r >= 0 && what & LOOK_CONFIG)
		r = find_config(store, name, ret, err);
	if (r >= 0 && what & LOOK_USAGE && runs(ret))
		r = find_usage(host, store, name, ret, err);
	if (r >= 0 && what & LOOK_LAST)
		find_last(store, name, ret);
	if (r < 0)
		look_done(ret);
	return r;
}
