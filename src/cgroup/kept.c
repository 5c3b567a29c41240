/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run/NAME/cgroup.kept: what mgr-cgroup has set in this run, "FILE=VALUE" a line. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "cgroup/internal.h"

#define FILE_NAME "cgroup.kept"
#define FILE_MAX  (1 << 20)
#define LOCK_TIME (5 * CLOCK_SECOND)

/* A limit or a rule: what only does something once, or belongs to a freezer, is not set again. */
static bool is_kept(const char *key, const char *value)
{
	static const char *const controllers[] = {
		"blkio.",  "cpu.",  "cpuset.",  "devices.",  "hugetlb.", "io.",
		"memory.", "misc.", "net_cls.", "net_prio.", "pids.",    "rdma.",
	};
	static const char *const others[] = { "memory.reclaim", "memory.force_empty", "memory.drop_caches",
					      "blkio.reset_stats" };

	if (strchr(value, '\n') || str_ends(key, ".pressure"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (str_eq(key, others[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (str_starts(key, controllers[i]))
			return true;
	return false;
}

static size_t key_length(const char *pair)
{
	return strcspn(pair, "=");
}

/* Do both set the same? Files of devices have a value a device, each rule is one by itself. */
static bool same_thing(const char *a, const char *b)
{
	size_t n = key_length(a);

	if (str_starts(a, "io.") || str_starts(a, "blkio."))
		n += strcspn(a + n, " ");
	else if (cgroup_is_device_key(a))
		n = strlen(a);
	return strncmp(a, b, n) == 0 && (n > key_length(a) ? !b[n] || b[n] == ' ' : b[n] == '=');
}

static int write_kept(int rundir, const struct strv *kept, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	for (size_t i = 0; i < kept->n; i++)
		str_addf(&text, "%s\n", kept->v[i]);
	return text.failed ? err_nomem(err) : file_replace_at(rundir, FILE_NAME, str_text(&text), text.len, 0600, err);
}

/* A file stays where it was first set, as one may be bounded by another; the latest rule for devices comes last. */
static int put(struct strv *kept, const char *pair, struct strv *ret)
{
	bool is_rule = cgroup_is_device_key(pair), found = false;
	int r = 0;

	for (size_t i = 0; i < kept->n && r == 0; i++) {
		const bool same = same_thing(pair, kept->v[i]);
		if (!same || (!is_rule && !found))
			r = strv_add(ret, same ? pair : kept->v[i]);
		found = found || same;
	}
	return r < 0 || (found && !is_rule) ? r : strv_add(ret, pair);
}

static int keep(int rundir, const char *pair, struct err *err)
{
	autoclose int lock = store_lock_file(rundir, FILE_NAME ".lock", clock_in(LOCK_TIME));
	autocall(strv_done) struct strv old = { 0 }, new = { 0 };
	int r = lock < 0 ? err_sys(err, -lock, "lock '" FILE_NAME "'")
			 : file_read_lines_at(rundir, FILE_NAME, FILE_MAX, &old, err);

	if (r < 0)
		return r;
	return put(&old, pair, &new) < 0 ? err_nomem(err) : write_kept(rundir, &new, err);
}

int cgroup_keep(int rundir, const char *key, const char *value, struct err *err)
{
	autofree char *pair = NULL;

	if (!is_kept(key, value))
		return 0;
	pair = str_fmt("%s=%s", key, value);
	if (!pair)
		return err_nomem(err);
	return keep(rundir, pair, err) < 0 ? err_wrap(err, "it is done, but does not hold over a reboot inside") : 0;
}

int cgroup_add_kept(int rundir, struct limits_conf *limits, struct err *err)
{
	autocall(strv_done) struct strv kept = { 0 };
	int r = file_read_lines_at(rundir, FILE_NAME, FILE_MAX, &kept, err);

	for (size_t i = 0; i < kept.n && r >= 0; i++) {
		r = strv_add(&limits->v2, kept.v[i]);
		if (r == 0 && !cgroup_is_device_key(kept.v[i])) /* whichever version has it */
			r = strv_add(&limits->v1, kept.v[i]);
		if (r < 0)
			err_nomem(err);
	}
	return r < 0 ? r : 0;
}

/* --- the configuration changes meanwhile --------------------------------------------------------------------------------
 */

/* Has `to` a rule that `from` has not, for what this one is for? */
static bool is_overruled(const char *rule, const struct strv *from, const struct strv *to)
{
	const char *device = rule + key_length(rule) + 1;
	const size_t n = strcspn(device, " ") + (device[0] == 'a' ? 0 : 1 + strcspn(device + strcspn(device, " ") + 1, " "));

	for (size_t i = 0; i < to->n; i++) {
		const char *other = to->v[i] + key_length(to->v[i]) + 1;
		if (cgroup_is_device_key(to->v[i]) && !strv_has(from, to->v[i]) &&
		    (*other == 'a' || strncmp(other, device, n) == 0))
			return true;
	}
	return false;
}

/* What the file of a pair says now; "" when it is a rule. */
static int now(const struct cgroup *cg, const char *pair, struct strv *ret)
{
	autofree char *key = strndup(pair, key_length(pair)), *text = NULL;

	if (!key)
		return -ENOMEM;
	return strv_add(ret, !cgroup_is_device_key(key) && cgroup_get(cg, key, &text, NULL) >= 0 ? text : "");
}

static int all_now(const struct cgroup *cg, const struct strv *kept, struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; i < kept->n && r == 0; i++)
		r = now(cg, kept->v[i], ret);
	return r;
}

static int add_rules(struct strv *list, const struct strv *kept)
{
	int r = 0;

	for (size_t i = 0; i < kept->n && r == 0; i++)
		if (cgroup_is_device_key(kept->v[i]))
			r = strv_add(list, kept->v[i]);
	return r;
}

static void shorten(struct strv *list, size_t n)
{
	while (list->n > n)
		free(list->v[--list->n]);
}

/* Rules stay behind those of the configuration, in one change with them. */
static int change(const struct cgroup *cg, const struct strv *kept, const struct strv *left, struct limits_conf *from,
		  struct limits_conf *to, struct err *err)
{
	const size_t n_from = from->v2.n, n_to = to->v2.n;
	int r = add_rules(&from->v2, kept) | add_rules(&to->v2, left);

	r = r < 0 ? err_nomem(err) : cgroup_change_limits(cg, from, to, err);
	shorten(&from->v2, n_from);
	shorten(&to->v2, n_to);
	return r;
}

/* A limit is kept that says what it said before. */
static int keep_left(const struct cgroup *cg, int rundir, const struct strv *left, const struct strv *before,
		     struct err *err)
{
	autocall(strv_done) struct strv after = { 0 }, same = { 0 };
	int r = all_now(cg, left, &after);

	for (size_t i = 0; i < left->n && r == 0; i++)
		if (str_eq(before->v[i], after.v[i]))
			r = strv_add(&same, left->v[i]);
	return r < 0 ? err_nomem(err) : write_kept(rundir, &same, err);
}

int cgroup_change_beside_kept(const struct cgroup *cg, int rundir, struct limits_conf *from, struct limits_conf *to,
			      struct err *err)
{
	autoclose int lock = store_lock_file(rundir, FILE_NAME ".lock", clock_in(LOCK_TIME));
	autocall(strv_done) struct strv kept = { 0 }, left = { 0 }, before = { 0 };
	int r = lock < 0 ? err_sys(err, -lock, "lock '" FILE_NAME "'")
			 : file_read_lines_at(rundir, FILE_NAME, FILE_MAX, &kept, err);

	if (r < 0 || kept.n == 0)
		return r < 0 ? r : cgroup_change_limits(cg, from, to, err);
	for (size_t i = 0; i < kept.n && r == 0; i++)
		if (!cgroup_is_device_key(kept.v[i]) ||
		    !(is_overruled(kept.v[i], &from->v1, &to->v1) || is_overruled(kept.v[i], &from->v2, &to->v2)))
			r = strv_add(&left, kept.v[i]);
	if (r < 0 || all_now(cg, &left, &before) < 0)
		return err_nomem(err);
	r = change(cg, &kept, &left, from, to, err);
	return r < 0 ? r : keep_left(cg, rundir, &left, &before, err);
}

int cgroup_forget_kept(int rundir, struct err *err)
{
	if (unlinkat(rundir, FILE_NAME ".lock", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '" FILE_NAME ".lock'");
	if (unlinkat(rundir, FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '" FILE_NAME "'");
	return 0;
}
