/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules for devices where the host has them: v1's controller, or a program at the v2 folder. */
#include "cgroup/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cgroup/internal.h"

static const char *file_of(bool allow)
{
	return allow ? "devices.allow" : "devices.deny";
}

bool cgroup_is_device_key(const char *key)
{
	const size_t n = strcspn(key, "=");

	return (n == strlen("devices.allow") && strncmp(key, "devices.allow", n) == 0) ||
	       (n == strlen("devices.deny") && strncmp(key, "devices.deny", n) == 0);
}

static int open_folder(const struct cgroup *cg, const struct cgroup_hierarchy *h, struct err *err)
{
	int fd = cgroup_open_file(cg, h, NULL, O_PATH | O_DIRECTORY);

	return fd < 0 ? err_sys(err, -fd, "open cgroup '%s/%s'", h->mount, cg->path) : fd;
}

/* v1 takes one rule a write. */
static int write_rule(int dir, bool allow, const struct device_rule *rule, struct err *err)
{
	char text[DEVICE_RULE_TEXT];

	return file_write_at(dir, file_of(allow), device_rule_text(rule, text), err);
}

/* v1: a process in it keeps these rules below, wherever it moves itself. What we may not open ourselves (a manager that
 * lives in a container) we cannot allow: EPERM. */
static int write_defaults(int dir, struct err *err)
{
	int r = write_rule(dir, false, &(struct device_rule){ .type = 'a' }, err);

	for (const struct device_rule *rule = device_defaults; rule->type && r >= 0; rule++) {
		r = write_rule(dir, true, rule, err);
		if (r == -EPERM) {
			err_clear(err);
			r = 0;
		}
	}
	return r;
}

static int write_pairs(int dir, const char *section, const struct strv *pairs, struct err *err)
{
	struct device_rule rule;
	bool allow;

	for (size_t i = 0; i < pairs->n; i++)
		if (device_pair(pairs->v[i], &allow, &rule) && write_rule(dir, allow, &rule, err) < 0)
			return err_wrap(err, "%s.%s", section, file_of(allow));
	return 0;
}

static int set_v1(int dir, const struct limits_conf *l, struct err *err)
{
	int r = write_defaults(dir, err);

	if (r == 0)
		r = write_pairs(dir, "cgroup", &l->v1, err);
	return r < 0 ? r : write_pairs(dir, "cgroup2", &l->v2, err);
}

static bool has_rules(const struct limits_conf *l)
{
	struct device_rule rule;
	bool allow;

	for (size_t i = 0; i < l->v1.n; i++)
		if (device_pair(l->v1.v[i], &allow, &rule))
			return true;
	for (size_t i = 0; i < l->v2.n; i++)
		if (device_pair(l->v2.v[i], &allow, &rule))
			return true;
	return false;
}

/* Is root here the host's? */
static bool in_initial_userns(void)
{
	char map[64];
	unsigned inside, outside, count;

	return file_read_small_at(AT_FDCWD, "/proc/self/uid_map", map, sizeof map, NULL) >= 0 &&
	       sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && count == UINT32_MAX;
}

static int set_v2(int dir, const struct limits_conf *l, struct err *err)
{
	autocall(device_list_done) struct device_list list = { 0 };
	int r = device_list_of(&list, &l->v1, &l->v2, err);

	return r < 0 ? r : device_bpf_set(dir, &list, err);
}

/* The way that this host has; NULL with the error when it has none. */
static const struct cgroup_hierarchy *way(const struct cgroup *cg, struct err *err)
{
	const struct cgroup_hierarchy *v1 = cgroup_with(cg, "devices"), *v2 = cgroup_v2(cg);

	if (!v1 && !v2)
		err_set(err, ENOTSUP, "this host has neither cgroup v2 nor the controller 'devices' of v1");
	return v1 ? v1 : v2;
}

int cgroup_set_devices(const struct cgroup *cg, const struct limits_conf *l, uid_t root, struct err *err)
{
	const struct cgroup_hierarchy *h = way(cg, err);
	autoclose int dir = -1;
	int r = -ENOTSUP;

	if (h) {
		dir = open_folder(cg, h, err);
		if (dir < 0)
			return dir;
		r = h->v2 ? set_v2(dir, l, err) : set_v1(dir, l, err);
	}
	if (r == 0 || (h && !h->v2) || has_rules(l) || (root == 0 && in_initial_userns()))
		return r;
	err_clear(err); /* its root can make no node anyway */
	return 0;
}

/* --- changes while it runs -------------------------------------------------------------------------------------------- */

/* v1 does not show the exceptions of a list that allows: those are what the configuration had. */
static int read_v1(int dir, const struct device_list *had, struct device_list *ret, struct err *err)
{
	autofree char *text = NULL;
	char *save = NULL;
	struct device_rule rule;
	int r = file_read_at(dir, "devices.list", 1 << 20, &text, NULL, err);

	*ret = (struct device_list){ 0 };
	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		if (device_rule_parse(line, &rule, NULL) < 0)
			continue;
		r = device_list_apply(ret, true, &rule);
	}
	for (size_t i = 0; r == 0 && ret->allows && had->allows && i < had->n; i++)
		r = device_list_apply(ret, false, &had->v[i]);
	return r == -ENOMEM ? err_nomem(err) : r;
}

static bool is_default(const struct device_rule *rule)
{
	for (const struct device_rule *d = device_defaults; d->type; d++)
		if (d->type == rule->type && d->major == rule->major && d->minor == rule->minor)
			return true;
	return false;
}

/* Write what one list has and the other has not. */
static int write_more(int dir, bool allow, const struct device_list *list, const struct device_list *than, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct device_rule rule = list->v[i];
		const struct device_rule *same = device_list_find(than, &rule);
		rule.access &= ~(same ? same->access : 0);
		if (!rule.access)
			continue;
		int r = write_rule(dir, allow, &rule, err);
		if (r < 0 && !(allow && r == -EPERM && is_default(&rule)))
			return err_wrap(err, "%s", file_of(allow));
		err_clear(err);
	}
	return 0;
}

/* What becomes barred first, so that at no time more is allowed than before or after. (Only where a list that allows comes
 * to be, its exceptions follow: v1 has no other way.) */
static int change_v1(int dir, const struct device_list *from, const struct device_list *to, struct err *err)
{
	autocall(device_list_done) struct device_list is = { 0 };
	const struct device_list none = { 0 };
	int r = read_v1(dir, from, &is, err);

	if (r < 0)
		return r;
	if (is.allows != to->allows) {
		r = write_rule(dir, to->allows, &(struct device_rule){ .type = 'a' }, err);
		return r < 0 ? err_wrap(err, "%s", file_of(to->allows)) : write_more(dir, !to->allows, to, &none, err);
	}
	r = to->allows ? write_more(dir, false, to, &is, err) : write_more(dir, false, &is, to, err);
	if (r < 0)
		return r;
	return to->allows ? write_more(dir, true, &is, to, err) : write_more(dir, true, to, &is, err);
}

static bool same_lists(const struct device_list *a, const struct device_list *b)
{
	if (a->allows != b->allows || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct device_rule *same = device_list_find(b, &a->v[i]);
		if (!same || same->access != a->v[i].access)
			return false;
	}
	return true;
}

int cgroup_change_devices(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to,
			  struct err *err)
{
	autocall(device_list_done) struct device_list old = { 0 }, new = { 0 };
	const struct cgroup_hierarchy *h;
	autoclose int dir = -1;
	int r = device_list_of(&old, &from->v1, &from->v2, err);

	if (r == 0)
		r = device_list_of(&new, &to->v1, &to->v2, err);
	if (r < 0 || same_lists(&old, &new))
		return r;
	h = way(cg, err);
	if (!h)
		return -ENOTSUP;
	dir = open_folder(cg, h, err);
	if (dir < 0)
		return dir;
	return h->v2 ? device_bpf_set(dir, &new, err) : change_v1(dir, &old, &new, err);
}

int cgroup_list_devices(const struct cgroup *cg, char **ret, struct err *err)
{
	autocall(device_list_done) struct device_list list = { 0 };
	autocall(str_done) struct str text = { 0 };
	autoclose int dir = open_folder(cg, cgroup_v2(cg), err);
	int r = dir < 0 ? dir : device_bpf_get(dir, &list, err);

	if (r < 0)
		return r;
	device_list_text(&list, &text);
	*ret = str_steal(&text);
	return *ret ? 0 : err_nomem(err);
}

int cgroup_add_device_rule(const struct cgroup *cg, bool allow, const char *text, struct err *err)
{
	const struct cgroup_hierarchy *h;
	struct device_rule rule;
	autoclose int dir = -1;

	if (device_rule_parse(text, &rule, err) < 0)
		return err_wrap(err, "%s", file_of(allow));
	h = way(cg, err);
	if (!h)
		return -ENOTSUP;
	dir = open_folder(cg, h, err);
	if (dir < 0)
		return dir;
	return h->v2 ? device_bpf_apply(dir, allow, &rule, err) : write_rule(dir, allow, &rule, err);
}
