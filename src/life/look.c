/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sys.h"
#include "life/consumption.h"
#include "life/forward.h"
#include "life/glance.h"
#include "life/stands.h"
#include "life/state.h"
#include "net/net.h"
#include "security/security.h"

static const struct traffic no_traffic = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };

void look_done(struct look *look)
{
	if (!look)
		return;
	strv_done(&look->ipv4);
	strv_done(&look->ipv6);
	strv_done(&look->forwards);
	free(look->label);
	free(look->backend);
	free(look->root);
	free(look->filesystem);
	strv_done(&look->images);
	strv_done(&look->volumes);
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

/* Its root file system, by the text of the configuration. 0 or -ENOMEM. */
static int find_root(const char *text, struct look *look)
{
	autocall(strv_done) struct strv path = { 0 }, size = { 0 };
	const char *last;

	if (glance_in(text, "rootfs", "path", &path) < 0 || glance_in(text, "rootfs", "size", &size) < 0)
		return -ENOMEM;
	last = path.n ? path.v[path.n - 1] : "";
	if (strchr(last, ':') &&
	    (!(look->backend = strndup(last, strcspn(last, ":"))) || !(look->root = strdup(strchr(last, ':') + 1))))
		return -ENOMEM;
	if (!size.n || str_size(size.v[size.n - 1], &look->disk_limit) < 0 || !look->disk_limit)
		look->disk_limit = UINT64_MAX;
	return 0;
}

/* The configuration in force, or the one that the next start will use. */
static int find_config(const struct store *store, const char *name, unsigned what, struct look *look, struct err *err)
{
	autocall(strv_done) struct strv uuid = { 0 };
	autoclose int folder = store_container(store, name, err);
	autofree char *text = NULL;
	int r = folder < 0 ? folder : glance_load(folder, "config", &text, err);

	if (r < 0)
		return r;
	if (glance_in(text, "container", "uuid", &uuid) < 0 || find_root(text, look) < 0)
		return err_nomem(err);
	if (uuid.n)
		str_print(look->uuid, sizeof look->uuid, "%s", uuid.v[uuid.n - 1]);
	if (what & LOOK_STANDS && look_stands(store, name, folder, text, runs(look), look) < 0)
		return err_nomem(err);
	look->waits = net_waits(store, look->uuid);
	return life_forwards(store, name, runs(look), &look->forwards, err);
}

static int find_usage(const struct cgroup *host, const struct store *store, const char *name, unsigned what,
		      struct look *look, struct err *err)
{
	struct cgroup cg = *host;
	int r = cgroup_find(&cg, store, name, err);

	look->has_usage = r >= 0 && what & LOOK_USAGE && cgroup_usage(&cg, &look->usage, NULL) >= 0;
	look->has_pressures = r >= 0 && what & LOOK_PRESSURES;
	if (look->has_pressures)
		cgroup_pressures(&cg, &look->pressures);
	return r;
}

static void find_traffic(const struct store *store, const char *name, struct look *look)
{
	autoclose int run = store_runtime(store, name, false, NULL);
	autofree char *spec = NULL;

	if (run >= 0 && glance_load(run, "spec", &spec, NULL) >= 0 &&
	    life_traffic(look->status.init_pid, spec, &look->traffic) < 0)
		look->traffic = no_traffic;
}

/* For whoever looks only: what cannot be told has no line. */
static void find_label(struct look *look)
{
	autoclose int init = sys_pidfd_open(look->status.init_pid);

	if (init >= 0)
		(void)security_label_of(init, &look->label, NULL);
}

static uint64_t since(uint64_t started)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	const uint64_t ns = (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
	return ns > started ? ns - started : 0;
}

/* A run whose end nobody saw is known by what it has left, until that is cleared away. */
static bool ended_unseen(const struct store *store, const char *name, const struct look *look, int folder)
{
	autoclose int run = runs(look) ? -1 : store_runtime(store, name, false, NULL);

	return run >= 0 && last_is_missing(folder, run) && store_lock_peek(store, name, NULL) == STORE_IDLE;
}

static void find_last(const struct store *store, const char *name, struct look *look)
{
	autoclose int folder = store_container(store, name, NULL);

	if (ended_unseen(store, name, look, folder)) {
		look->last = (struct last){ .status = LAST_NO_STATUS, .failed = LAST_UNSEEN };
		look->has_last = true;
		return;
	}
	look->has_last = folder >= 0 && last_read(folder, &look->last, NULL) >= 0;
}

int look_at(const struct cgroup *host, const struct store *store, const char *name, int asked, uint64_t deadline,
	    unsigned what, struct look *ret, struct err *err)
{
	int r;

	*ret = (struct look){ .traffic = no_traffic,
			      .partition = UINT64_MAX,
			      .filesystem_size = UINT64_MAX,
			      .disk = UINT64_MAX,
			      .disk_limit = UINT64_MAX,
			      .uptime = UINT64_MAX };
	r = life_answer(host, store, name, asked, &ret->status, deadline, err);
	if (r == -ETIMEDOUT) {
		err_clear(err);
		ret->silent = true;
		r = 0;
	}
	if (r >= 0 && ret->status.init_pid)
		ret->uptime = since(ret->status.started);
	if (r >= 0 && what & LOOK_IPS && ret->status.init_pid)
		r = find_addresses(ret, err);
	if (r >= 0 && what & LOOK_CONFIG)
		r = find_config(store, name, what, ret, err);
	if (r >= 0 && what & (LOOK_USAGE | LOOK_PRESSURES) && runs(ret))
		r = find_usage(host, store, name, what, ret, err);
	if (r >= 0 && what & LOOK_LAST)
		find_last(store, name, ret);
	if (r >= 0 && what & LOOK_TRAFFIC && ret->status.init_pid)
		find_traffic(store, name, ret);
	if (r >= 0 && what & LOOK_LABEL && ret->status.init_pid)
		find_label(ret);
	if (r >= 0 && what & LOOK_DISK)
		r = life_disk(store, name, &ret->disk, err);
	if (r < 0)
		look_done(ret);
	return r;
}

/* The longest section that has the rest as a key: "net.0.ipv4.address" is in [net.0]. */
static int find_key(const char *text, const char *key, struct strv *ret)
{
	autofree char *section = strdup(key);
	int r = section ? 0 : -ENOMEM;

	for (char *dot = section ? strrchr(section, '.') : NULL; dot && r >= 0 && !ret->n; dot = strrchr(section, '.')) {
		*dot = '\0';
		r = glance_in(text, section, key + (dot - section) + 1, ret);
	}
	return r;
}

int look_key(const struct store *store, const char *name, const char *key, struct strv *ret, struct err *err)
{
	enum wire_state state;
	autofree char *text = NULL;
	autoclose int folder = -1, run = -1;
	int r = life_state(store, name, &state, err);

	if (r >= 0 && state != WIRE_STOPPED)
		run = store_runtime(store, name, false, NULL);
	if (r >= 0 && (run < 0 || glance_load(run, "spec", &text, NULL) < 0)) {
		folder = store_container(store, name, err);
		r = folder < 0 ? folder : glance_load(folder, "config", &text, err);
	}
	if (r >= 0)
		r = find_key(text, key, ret);
	return r == -ENOMEM ? err_nomem(err) : r;
}
