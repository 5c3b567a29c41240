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

static int set_memory(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "memory", "memory", err);

	if (!h)
		return -ENOTSUP;
	return put_number(h, "memory", h->v2 ? "memory.max" : "memory.limit_in_bytes", l->memory, err);
}

/* v1 counts memory and swap together, so that swap alone can only be bounded beside a bound on memory. */
static int set_swap(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "swap", "memory", err);

	if (!h)
		return -ENOTSUP;
	if (h->v2)
		return put_number(h, "swap", "memory.swap.max", l->swap, err);
	if (l->memory == UINT64_MAX)
		return err_set(err, EINVAL, "limits.swap: needs limits.memory on a host with cgroup v1");
	if (faccessat(h->dir, "memory.memsw.limit_in_bytes", F_OK, 0) < 0)
		return err_set(err, ENOTSUP, "limits.swap: this host's kernel does not count swap (swapaccount=1)");
	uint64_t both = l->swap > UINT64_MAX / 2 || l->memory > UINT64_MAX / 2 ? INT64_MAX : l->memory + l->swap;
	return put_number(h, "swap", "memory.memsw.limit_in_bytes", both, err);
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
	if (h->v2) {
		snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, quota, period);
		return put(h, "cpus", "cpu.max", text, err);
	}
	r = put_number(h, "cpus", "cpu.cfs_period_us", period, err);
	return r < 0 ? r : put_number(h, "cpus", "cpu.cfs_quota_us", quota, err);
}

/* A weight is 1..10000 around 100; v1's cpu.shares is 2..262144 around 1024. */
static int set_cpu_weight(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "cpu-weight", "cpu", err);
	uint64_t shares = l->cpu_weight * 1024 / 100;

	if (!h)
		return -ENOTSUP;
	if (h->v2)
		return put_number(h, "cpu-weight", "cpu.weight", l->cpu_weight, err);
	return put_number(h, "cpu-weight", "cpu.shares", shares < 2 ? 2 : shares > 262144 ? 262144 : shares, err);
}

static int set_cpuset(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "cpuset", "cpuset", err);

	char online[128];

	if (!h)
		return -ENOTSUP;
	if (put(h, "cpuset", "cpuset.cpus", l->cpuset, err) == 0)
		return 0;
	if (file_read_small_at(AT_FDCWD, "/sys/devices/system/cpu/online", online, sizeof online, NULL) < 0)
		return -err->code;
	return err_set(err, err->code, "limits.cpuset: '%s': this host's processors are %s", l->cpuset, online);
}

static int set_pids(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct cgroup_hierarchy *h = need(cg, "pids", "pids", err);

	return h ? put_number(h, "pids", "pids.max", l->pids, err) : -ENOTSUP;
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
	uint64_t w = l->io_weight, old = w * 5 < 10 ? 10 : w * 5 > 1000 ? 1000 : w * 5;

	if (!h)
		return -ENOTSUP;
	if (faccessat(h->dir, plain, F_OK, 0) == 0)
		return put_number(h, "io-weight", plain, unified ? w : old, err);
	if (faccessat(h->dir, bfq, F_OK, 0) == 0)
		return put_number(h, "io-weight", bfq, bfq_weight(w), err);
	return err_set(err, ENOTSUP, "limits.io-weight: this host's kernel has no '%s'", plain);
}

int cgroup_set_limits(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	const struct {
		bool wanted;
		int (*set)(const struct cgroup *cg, const struct limits_conf *l, struct err *err);
	} rows[] = {
		{ l->memory != UINT64_MAX, set_memory }, /* before swap: v1 refuses a sum below the memory limit */
		{ l->swap != UINT64_MAX, set_swap },
		{ l->cpus != 0, set_cpus },
		{ l->cpu_weight != 0, set_cpu_weight },
		{ l->cpuset && l->cpuset[0], set_cpuset },
		{ l->pids != 0, set_pids },
		{ l->io_weight != 0, set_io_weight },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = rows[i].wanted ? rows[i].set(cg, l, err) : 0;
		if (r < 0)
			return r;
	}
	return cgroup_set_raw(cg, l, err);
}
