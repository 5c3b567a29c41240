/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a container's cgroup by their names, in whichever hierarchy has them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cgroup/internal.h"

#define LONGEST (1 << 20)

int cgroup_check_key(const char *key, struct err *err)
{
	const char *p = key;

	while (isalnum((unsigned char)*p) || *p == '_' || *p == '-' || (*p == '.' && p > key && p[-1] != '.'))
		p++;
	if (*key && !*p && p[-1] != '.')
		return 0;
	return err_set(err, EINVAL, "'%s' is not the name of a file in a cgroup, such as memory.max", key);
}

/* Folders have no say: a guest makes some of its own. */
static int open_key(const struct cgroup *cg, const char *key, int flags, struct err *err)
{
	int fd = cgroup_check_key(key, err);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < cg->n; i++) {
		fd = cgroup_open_file(cg, &cg->h[i], key, flags | O_NOFOLLOW);
		if (fd >= 0)
			return fd;
		if (fd == -EACCES || fd == -EPERM)
			return err_set(err, EACCES, "'%s' cannot be %s", key, flags == O_WRONLY ? "set" : "read");
		if (fd != -ENOENT && fd != -EISDIR)
			return err_sys(err, -fd, "open '%s'", key);
	}
	return err_set(err, ENOENT, "no cgroup of it has '%s'", key);
}

int cgroup_get(const struct cgroup *cg, const char *key, char **ret, struct err *err)
{
	if (cgroup_is_device_key(key))
		return err_set(err, EACCES, "'%s' cannot be read", key);
	if (str_eq(key, "devices.list") && !cgroup_with(cg, "devices") && cgroup_v2(cg))
		return cgroup_list_devices(cg, ret, err);
	autoclose int fd = open_key(cg, key, O_RDONLY, err);
	autofree char *path = fd < 0 ? NULL : str_fmt("/proc/self/fd/%d", fd);
	int r;

	if (fd < 0)
		return fd;
	r = path ? file_read_at(AT_FDCWD, path, LONGEST, ret, NULL, NULL) : -ENOMEM;
	if (r == -EISDIR)
		return err_set(err, ENOENT, "no cgroup of it has '%s'", key);
	return r < 0 ? err_sys(err, -r, "read '%s'", key) : 0;
}

int cgroup_set(const struct cgroup *cg, const char *key, const char *value, struct err *err)
{
	if (cgroup_is_device_key(key))
		return cgroup_add_device_rule(cg, str_eq(key, "devices.allow"), value, err);
	autoclose int fd = open_key(cg, key, O_WRONLY, err);

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		return err_sys(err, errno, "write '%s' to '%s'", value, key);
	return 0;
}

/* The hierarchy that has the controller of this file, or what it is called in the other version. */
static const struct cgroup_hierarchy *controller_of(const struct cgroup *cg, const char *file)
{
	autofree char *name = strndup(file, strcspn(file, "."));
	const struct cgroup_hierarchy *h = name ? cgroup_with(cg, name) : NULL;

	if (!h && str_starts(file, "io."))
		h = cgroup_with(cg, "blkio");
	return !h && str_starts(file, "blkio.") ? cgroup_with(cg, "io") : h;
}

/* Has the list something for this controller, by its name of either version? */
static bool has_controller(const struct strv *pairs, const char *file)
{
	const char *name = str_starts(file, "blkio.") ? "io." : file;
	const size_t n = strcspn(name, ".") + 1;

	for (size_t i = 0; i < pairs->n; i++)
		if (strncmp(str_starts(pairs->v[i], "blkio.") ? "io." : pairs->v[i], name, n) == 0)
			return true;
	return false;
}

static int add_left_out(const struct cgroup *cg, bool v2, const struct strv *pairs, const struct strv *others,
			struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; i < pairs->n && r == 0; i++) {
		const struct cgroup_hierarchy *h = cgroup_is_device_key(pairs->v[i]) ? NULL : controller_of(cg, pairs->v[i]);
		if (h && h->v2 != v2 && !has_controller(others, pairs->v[i]))
			r = strv_addf(ret, "%s.%.*s", v2 ? "cgroup2" : "cgroup", (int)strcspn(pairs->v[i], "="),
				      pairs->v[i]);
	}
	return r;
}

int cgroup_left_out(const struct cgroup *cg, const struct limits_conf *l, struct strv *ret, struct err *err)
{
	int r = add_left_out(cg, false, &l->v1, &l->v2, ret);

	if (r == 0)
		r = add_left_out(cg, true, &l->v2, &l->v1, ret);
	return r < 0 ? err_nomem(err) : 0;
}

/* One "FILE=VALUE". What is of the other version's kind is for other hosts. */
static int set_pair(const struct cgroup *cg, bool v2, const char *pair, struct err *err)
{
	const char *section = v2 ? "cgroup2" : "cgroup", *value = strchr(pair, '=') + 1;
	const struct cgroup_hierarchy *h = controller_of(cg, pair);
	autofree char *file = strndup(pair, (size_t)(value - pair) - 1);

	if (!file)
		return err_nomem(err);
	if (!h)
		return err_set(err, ENOTSUP, "%s.%s: this host has no such cgroup controller", section, file);
	if (h->v2 != v2)
		return 0;
	if (faccessat(h->dir, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, ENOENT, "%s.%s: there is no such file in the cgroup", section, file);
	return file_write_at(h->dir, file, value, err) < 0 ? err_wrap(err, "%s.%s", section, file) : 0;
}

/* What the kernel has where nobody has set anything. */
static const struct {
	const char *file, *value;
} unset[] = {
	{ "memory.high", "max" },
	{ "memory.max", "max" },
	{ "memory.swap.max", "max" },
	{ "memory.swap.high", "max" },
	{ "memory.zswap.max", "max" },
	{ "memory.low", "0" },
	{ "memory.min", "0" },
	{ "memory.oom.group", "0" },
	{ "cpu.max", "max" },
	{ "cpu.max.burst", "0" },
	{ "cpu.weight", "100" },
	{ "cpu.idle", "0" },
	{ "pids.max", "max" },
	{ "io.weight", "default 100" },
	{ "memory.limit_in_bytes", "-1" },
	{ "memory.soft_limit_in_bytes", "-1" },
	{ "cpu.cfs_quota_us", "-1" },
	{ "cpu.shares", "1024" },
};

#define IO_MAX       "io.max"
#define IO_MAX_UNSET "rbps=max wbps=max riops=max wiops=max"

static const char *unset_value(const char *pair)
{
	for (size_t i = 0; i < ARRAY_SIZE(unset); i++)
		if (str_starts(pair, unset[i].file) && strchr("=", pair[strlen(unset[i].file)]))
			return unset[i].value;
	return NULL;
}

bool cgroup_can_unset(const char *file)
{
	return cgroup_is_device_key(file) || str_eq(file, IO_MAX) || unset_value(file);
}

/* "io.max=8:0 rbps=1048576" is that device's alone. */
static int unset_pair(const struct cgroup *cg, bool v2, const char *pair, struct err *err)
{
	const char *value = unset_value(pair);
	const int name = (int)strcspn(pair, "=") + 1;
	autofree char *none = NULL;

	if (str_starts(pair, IO_MAX "="))
		none = str_fmt("%.*s " IO_MAX_UNSET, name + (int)strcspn(pair + name, " "), pair);
	else if (value)
		none = str_fmt("%.*s%s", name, pair, value);
	else
		return 0;
	return none ? set_pair(cg, v2, none, err) : err_nomem(err);
}

/* Returns how many. */
static int unset_list(const struct cgroup *cg, bool v2, const struct strv *from, const struct strv *to, struct err *err)
{
	int n = 0;

	for (size_t i = 0; i < from->n; i++) {
		if (cgroup_is_device_key(from->v[i]) || strv_has(to, from->v[i]))
			continue;
		int r = unset_pair(cg, v2, from->v[i], err);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}

int cgroup_unset_raw(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to, struct err *err)
{
	int v1 = unset_list(cg, false, &from->v1, &to->v1, err),
	    v2 = v1 < 0 ? v1 : unset_list(cg, true, &from->v2, &to->v2, err);

	return v2 < 0 ? v2 : v1 + v2;
}

bool cgroup_repeats(const char *file)
{
	return cgroup_is_device_key(file) || str_eq(file, IO_MAX) || str_starts(file, IO_MAX "=");
}

int cgroup_set_raw(const struct cgroup *cg, const struct limits_conf *l, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->v1.n && r >= 0; i++)
		r = cgroup_is_device_key(l->v1.v[i]) ? 0 : set_pair(cg, false, l->v1.v[i], err);
	for (size_t i = 0; i < l->v2.n && r >= 0; i++)
		r = cgroup_is_device_key(l->v2.v[i]) ? 0 : set_pair(cg, true, l->v2.v[i], err);
	return r;
}
