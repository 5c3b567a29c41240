/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [limits] as the kernel wants them: cgroup-v2.rst, and of cgroup-v1/ memory.rst, cpusets.rst, pids.rst. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define AT(field) offsetof(struct limits_conf, field)

const char *const cgroup_v2_controllers[CGROUP_V2_CONTROLLERS] = { "cpuset", "cpu", "io", "memory", "pids" };

/* The hierarchy whose controller a limit needs; NULL with the error that says which is missing. */
static const struct cgroup_hierarchy *need(const struct cgroup *cg, const char *key, const char *controller, struct err *err)
{
	const struct cgroup_hierarchy *h = cgroup_with(cg, controller);
	char here[256];

	if (h && h->v2) { /* the root may have it and be unable to pass it on */
		if (file_read_small_at(h->dir, "cgroup.controllers", here, sizeof here, err) < 0)
			return NULL;
		if (!cgroup_list_has(here, " ", controller))
			h = NULL;
	}
	if (!h)
		err_set(err, ENOTSUP, "limits.%s: this host has no cgroup controller '%s'", key, controller);
	return h;
}

static int put(const struct cgroup_hierarchy *h, const char *key, const char *file, const char *text, struct err *err)
{
	if (file_write_at(h->dir, file, text, err) == 0)
		return 0;
	return err_wrap(err, "limits.%s", key);
}

static int put_number(const struct cgroup_hierarchy *h, const char *key, const char *file, uint64_t n, struct err *err)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, n);
	return put(h, key, file, text, err);
}

/* UINT64_MAX: none. */
static int put_bytes(const struct cgroup_hierarchy *h, const char *key, const char *file, uint64_t n, struct err *err)
{
	return n == UINT64_MAX ? put(h, key, file, h->v2 ? "max" : "-1", err) : put_number(h, key, file, n, err);
}

static int set_memory(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "memory", "memory", err);

	if (!h)
		return -ENOTSUP;
	return put_bytes(h, "memory", h->v2 ? "memory.max" : "memory.limit_in_bytes", l->memory, err);
}

#define V1_BOTH "memory.memsw.limit_in_bytes"

/* v1 counts memory and swap together, so that swap alone can only be bounded beside a bound on memory. */
static int set_swap(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "swap", "memory", err);

	if (!h)
		return -ENOTSUP;
	if (h->v2)
		return put_bytes(h, "swap", "memory.swap.max", l->swap, err);
	if (l->memory == UINT64_MAX && l->swap != UINT64_MAX)
		return err_set(err, EINVAL, "limits.swap: needs limits.memory on a host with cgroup v1");
	if (faccessat(h->dir, V1_BOTH, F_OK, 0) < 0)
		return err_set(err, ENOTSUP, "limits.swap: this host's kernel does not count swap (swapaccount=1)");
	uint64_t both = l->swap > UINT64_MAX / 2 || l->memory > UINT64_MAX / 2 ? UINT64_MAX : l->memory + l->swap;
	return put_bytes(h, "swap", V1_BOTH, both, err);
}

/* The kernel takes quotas from 1 ms on: small shares get a period of a second. */
static int set_cpus(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "cpus", "cpu", err);
	uint64_t period = l->cpus < 10 ? 1000000 : 100000, quota = l->cpus * (period / 1000);
	char text[64];
	int r;

	if (!h)
		return -ENOTSUP;
	if (!l->cpus)
		return put(h, "cpus", h->v2 ? "cpu.max" : "cpu.cfs_quota_us", h->v2 ? "max" : "-1", err);
	if (h->v2) {
		snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, quota, period);
		return put(h, "cpus", "cpu.max", text, err);
	}
	r = put_number(h, "cpus", "cpu.cfs_period_us", period, err);
	return r < 0 ? r : put_number(h, "cpus", "cpu.cfs_quota_us", quota, err);
}

#define USUAL_WEIGHT 100

/* A weight is 1..10000 around 100; v1's cpu.shares is 2..262144 around 1024. */
static int set_cpu_weight(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "cpu-weight", "cpu", err);
	uint64_t weight = l->cpu_weight ? l->cpu_weight : USUAL_WEIGHT, shares = weight * 1024 / 100;

	if (!h)
		return -ENOTSUP;
	if (h->v2)
		return put_number(h, "cpu-weight", "cpu.weight", weight, err);
	return put_number(h, "cpu-weight", "cpu.shares", shares < 2 ? 2 : shares > 262144 ? 262144 : shares, err);
}

/* All that the folder above has. v2 calls that nothing of its own, which Linux 6.1 refuses when there are processes in it.
 */
static int free_cpuset(const struct cgroup_hierarchy *h, struct err *err)
{
	char above[512];

	if (h->v2 && file_write_at(h->dir, "cpuset.cpus", "\n", NULL) == 0)
		return 0;
	if (file_read_small_at(h->dir, h->v2 ? "../cpuset.cpus.effective" : "../cpuset.cpus", above, sizeof above, err) < 0)
		return err_wrap(err, "limits.cpuset");
	return put(h, "cpuset", "cpuset.cpus", above, err);
}

static int set_cpuset(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "cpuset", "cpuset", err);

	char online[128];

	if (!h)
		return -ENOTSUP;
	if (!l->cpuset || !l->cpuset[0])
		return free_cpuset(h, err);
	if (put(h, "cpuset", "cpuset.cpus", l->cpuset, err) == 0)
		return 0;
	if (file_read_small_at(AT_FDCWD, "/sys/devices/system/cpu/online", online, sizeof online, NULL) < 0)
		return -err->code;
	return err_set(err, err->code, "limits.cpuset: '%s': this host's processors are %s", l->cpuset, online);
}

static int set_pids(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "pids", "pids", err);

	if (!h)
		return -ENOTSUP;
	return l->pids ? put_number(h, "pids", "pids.max", l->pids, err) : put(h, "pids", "pids.max", "max", err);
}

/* Linear on both sides of the default: 1..100..10000 to 1..100..1000. */
static uint64_t bfq_weight(uint64_t w)
{
	return w <= 100 ? w : 100 + (w - 100) * 900 / 9900;
}

static int set_io_weight(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	bool unified = cgroup_v2(cg) && cgroup_list_has(cgroup_v2(cg)->controllers, ",", "io");
	const struct cgroup_hierarchy *h = need(cg, "io-weight", unified ? "io" : "blkio", err);
	const char *plain = unified ? "io.weight" : "blkio.weight", *bfq = unified ? "io.bfq.weight" : "blkio.bfq.weight";
	uint64_t w = l->io_weight ? l->io_weight : USUAL_WEIGHT, old = w * 5 < 10 ? 10 : w * 5 > 1000 ? 1000 : w * 5;

	if (!h)
		return -ENOTSUP;
	if (faccessat(h->dir, plain, F_OK, 0) == 0)
		return put_number(h, "io-weight", plain, unified ? w : old, err);
	if (faccessat(h->dir, bfq, F_OK, 0) == 0)
		return put_number(h, "io-weight", bfq, bfq_weight(w), err);
	return err_set(err, ENOTSUP, "limits.io-weight: this host's kernel has no '%s'", plain);
}

static const struct limit {
	size_t at; /* in struct limits_conf, a uint64_t; but for the cpuset */
	bool is_text;
	uint64_t unset;
	int (*set)(const struct cgroup *cg, const struct limits_conf *l, struct err *err);
} limits[] = {
	{ AT(memory), false, UINT64_MAX, set_memory }, /* before swap: v1 refuses a sum below the memory limit */
	{ AT(swap), false, UINT64_MAX, set_swap },
	{ AT(cpus), false, 0, set_cpus },
	{ AT(cpu_weight), false, 0, set_cpu_weight },
	{ AT(cpuset), true, 0, set_cpuset },
	{ AT(pids), false, 0, set_pids },
	{ AT(io_weight), false, 0, set_io_weight },
};

static uint64_t number_at(const struct limits_conf *l, const struct limit *limit)
{
	return *(const uint64_t *)(const void *)((const char *)l + limit->at);
}

static bool is_set(const struct limits_conf *l, const struct limit *limit)
{
	return limit->is_text ? l->cpuset && l->cpuset[0] : number_at(l, limit) != limit->unset;
}

static bool differs(const struct limits_conf *a, const struct limits_conf *b, const struct limit *limit)
{
	if (is_set(a, limit) != is_set(b, limit))
		return true;
	return is_set(a, limit) &&
	       (limit->is_text ? !str_eq(a->cpuset, b->cpuset) : number_at(a, limit) != number_at(b, limit));
}

int cgroup_set_limits(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int r = is_set(l, &limits[i]) ? limits[i].set(cg, l, err) : 0;
		if (r < 0)
			return r;
	}
	return cgroup_set_raw(cg, l, err);
}

/* v1 has the sum of memory and swap: out of the way of both, and set anew behind them. */
static int free_sum(const struct cgroup *cg, const struct limits_conf *from, struct err *err)
{
	const struct cgroup_hierarchy *h = cgroup_with(cg, "memory");

	return h && !h->v2 && from->swap != UINT64_MAX ? put(h, "swap", V1_BOTH, "-1", err) : 0;
}

static int change(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to, struct err *err)
{
	const bool sum = differs(from, to, &limits[0]) || differs(from, to, &limits[1]);
	int r = sum ? free_sum(cg, from, err) : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(limits); i++)
		if (differs(from, to, &limits[i]) || (sum && limits[i].set == set_swap && is_set(to, &limits[i])))
			r = limits[i].set(cg, to, err);
	if (r == 0)
		r = cgroup_unset_raw(cg, from, to, err);
	for (size_t i = 0; r > 0 && i < ARRAY_SIZE(limits); i++) /* what had stood behind a file's own value */
		if (is_set(to, &limits[i]) && limits[i].set(cg, to, err) < 0)
			return -err->code;
	if (r >= 0)
		r = cgroup_set_raw(cg, to, err);
	return r < 0 ? r : cgroup_change_devices(cg, from, to, err);
}

int cgroup_change_limits(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to,
			 struct err *err)
{
	int r = change(cg, from, to, err);

	if (r < 0)
		change(cg, to, from, &(struct err){ 0 });
	return r;
}
