/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/config_live.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "boot/assign.h"
#include "life/resize.h"
#include "life/state.h"

/* Its run, and what it is to become. */
struct live {
	int rundir;
	struct spec is, next;
	struct strv assigned; /* by -s */
	bool later;           /* something has to wait */
};

static void live_done(struct live *l)
{
	spec_done(&l->is);
	spec_done(&l->next);
	strv_done(&l->assigned);
	if (l->rundir >= 0)
		close(l->rundir);
}

static int live_init(struct live *l, const struct store *store, const char *container, struct err *err)
{
	int r;

	*l = (struct live){ .rundir = store_runtime(store, container, false, err) };
	spec_init(&l->is);
	spec_init(&l->next);
	if (l->rundir >= 0 && flock(l->rundir, LOCK_EX) < 0) /* others change "spec" too (life/device.c, life/forward.c) */
		return err_sys(err, errno, "wait for another change of '%s'", container);
	r = l->rundir < 0 ? l->rundir : spec_load(&l->is, l->rundir, "spec", err);
	if (r == 0)
		r = spec_load(&l->next, l->rundir, "spec", err);
	return r == 0 ? boot_read_assignments(l->rundir, &l->assigned, err) : r;
}

/* Has -s set it for this run, or another name of a list that belongs to it? */
static bool is_assigned(const struct live *l, const char *name, const struct conf_key *key)
{
	struct conf_key other;
	bool found = boot_assigns(&l->assigned, name);

	for (size_t i = 0; i < l->assigned.n && !found && conf_repeats(key); i++) {
		autofree char *its = strndup(l->assigned.v[i], strcspn(l->assigned.v[i], "+="));
		found = its && conf_find(&spec_schema, its, &other, NULL) == 0 && other.part == key->part &&
			conf_repeats(&other);
	}
	return found;
}

/* name: "limits.memory". */
static int take_key(struct live *l, const char *name, const struct spec *from, struct err *err)
{
	autocall(str_done) struct str value = { 0 };
	struct conf_key key;

	if (conf_find(&spec_schema, name, &key, NULL) < 0 || !(key.key->flags & KEY_LIVE) || is_assigned(l, name, &key)) {
		l->later = true;
		return 0;
	}
	if (key.part->section->kind == SECTION_FREE && !conf_print(from, &key, 0, &value) && !cgroup_can_unset(key.name))
		l->later = true; /* nobody knows what it was before */
	return conf_copy(from, &l->next, &key, err);
}

/* [cgroup], [cgroup2]: each file that it has a value of. */
static int take_files(struct live *l, const char *section, const struct strv *pairs, const struct spec *from,
		      struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < pairs->n && r == 0; i++) {
		autofree char *full = str_fmt("%s.%.*s", section, (int)strcspn(pairs->v[i], "="), pairs->v[i]);
		r = full ? take_key(l, full, from, err) : err_nomem(err);
	}
	return r;
}

static int take_section(struct live *l, const char *name, const struct spec *from, struct err *err)
{
	int r = 0;

	if (str_eq(name, "cgroup") || str_eq(name, "cgroup2"))
		return take_files(l, name, name[6] ? &l->is.limits.v2 : &l->is.limits.v1, from, err);
	for (size_t i = 0; i < spec_schema.n; i++) {
		const struct section *section = spec_schema.parts[i].section;
		if (!str_eq(section->name, name) || section->kind != SECTION_ONE)
			continue;
		for (const struct key *key = section->keys; key->name && r == 0; key++) {
			autofree char *full = str_fmt("%s.%s", name, key->name);
			r = full ? take_key(l, full, from, err) : err_nomem(err);
		}
		return r;
	}
	l->later = true;
	return 0;
}

static int apply(struct live *l, const struct cgroup *host, const struct store *store, const char *container,
		 struct err *err)
{
	struct cgroup cg = *host;
	int r = cgroup_find(&cg, store, container, err);

	if (r == 0)
		r = cgroup_open(&cg, err);
	if (r == 0)
		r = cgroup_change_beside_kept(&cg, l->rundir, &l->is.limits, &l->next.limits, err);
	cgroup_done(&cg);
	return r < 0 ? r : spec_save(&l->next, l->rundir, "spec", err);
}

int config_check_network(const struct store *store, const char *container, const struct spec *spec, struct err *err)
{
	struct net_plan plan;
	int r;

	if (!spec->container.uuid)
		return 0;
	r = net_look(&plan, &spec->net, store, container, spec->container.uuid, err);
	net_plan_done(&plan);
	return r;
}

static bool concerns(const struct config_change *changes, size_t n, const char *what)
{
	size_t i = 0;

	while (i < n && !str_starts(changes[i].name, what))
		i++;
	return i < n;
}

/* Whoever copies it, or looks at it, finds its files by that. */
static int check_root(const struct live *l, const struct spec *next, struct err *err)
{
	if (boot_assigns(&l->assigned, "rootfs.path") || str_eq(l->is.rootfs.path, next->rootfs.path))
		return 0;
	return err_set(err, EBUSY, "rootfs.path: it is running on '%s': stop it first", l->is.rootfs.path);
}

int config_live(const struct store *store, const char *container, const struct config_change *changes, size_t n,
		const struct spec *next, struct err *err)
{
	autocall(live_done) struct live l = { .rundir = -1 };
	enum wire_state state;
	struct cgroup host;
	int r = concerns(changes, n, "net.") ? config_check_network(store, container, next, err) : 0;

	if (r >= 0)
		r = cgroup_host(&host, err);
	if (r >= 0)
		r = life_state_on(&host, store, container, &state, err);
	if (r >= 0 && concerns(changes, n, "rootfs.size"))
		r = life_resize(store, container, next, 1U << state & WIRE_STATES_RUN, err);
	if (r < 0)
		return r;
	if (!(1U << state & WIRE_STATES_RUN))
		return state != WIRE_STOPPED;
	r = live_init(&l, store, container, err);
	if (r >= 0 && concerns(changes, n, "rootfs") && check_root(&l, next, err) < 0)
		return -err->code;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = (changes[i].key.name ? take_key : take_section)(&l, changes[i].name, next, err);
	if (r >= 0)
		r = apply(&l, &host, store, container, err);
	return r < 0 ? err_wrap(err, "it is running, and cannot be given this") : l.later;
}
