/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file or folder of the host's more or less in a container that runs. It is a mount among the container's, and ends with
 * these: there is nothing of it in the undo record. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mnt.h"
#include "boot/device.h"
#include "boot/inside.h"
#include "boot/mounted.h"
#include "mount/entry.h"
#include "mount/place.h"
#include "mount/volume.h"
#include "spec/bind.h"

#define KEY           "mount.entry"
#define MOUNTINFO_MAX (16 << 20)
#define TRIES         100 /* root inside puts mounts over it, and moves it */

/* A line of the list goes. */
static void drop(struct strv *list, size_t at)
{
	free(list->v[at]);
	memmove(&list->v[at], &list->v[at + 1], (list->n - at) * sizeof *list->v); /* with its end */
	list->n--;
}

static int copy_but(const struct strv *list, size_t without, struct strv *ret, struct err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (i != without && strv_add(ret, list->v[i]) < 0)
			return err_nomem(err);
	return 0;
}

/* --- what goes ------------------------------------------------------------------------------------------------------ */

/* Where it is by now. 0: nowhere, for what is called so is another one's by now. */
static int find_place(const struct device_change *c, const struct mounted *m, struct mount_place *ret, struct err *err)
{
	autofree char *text = NULL;
	char path[48];
	int r;

	str_print(path, sizeof path, "/proc/%d/mountinfo", (int)c->b->pid);
	r = file_read_at(AT_FDCWD, path, MOUNTINFO_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	if (sys_pidfd_send_signal(c->init_pidfd, 0) < 0)
		return err_sys(err, errno, "reach the container's init");
	return mount_find_place(text, m->id, ret, err);
}

struct clearing {
	const struct mount_place *place;
	const struct mounted *m;
};

static int clear(void *data, struct err *err)
{
	const struct clearing *what = data;

	return mount_clear_place(what->place, what->place->top == what->m->id ? what->m->dev : 0, what->m->ino, err);
}

/* 0: it is gone; 1: something over it is, or it has been moved meanwhile. */
static int unmount_once(const struct device_change *c, const struct mounted *m, struct err *err)
{
	struct mount_place place = { 0 };
	const struct clearing what = { &place, m };
	int r = find_place(c, m, &place, err);

	if (r > 0) {
		r = boot_inside(c, clear, (void *)(uintptr_t)&what, err);
		r = r == -EBUSY || r == -ENOENT || r == -EINVAL || (r == 0 && place.top != m->id) ? 1 : r;
	}
	free(place.path);
	return r;
}

/* What root inside has mounted over it goes with it. */
static int unmount(const struct device_change *c, const char *entry, struct err *err)
{
	struct mounted m;
	int r = mounted_find(c->b->rundir, entry, &m, err);

	for (int i = 0; r > 0 && i < TRIES; i++)
		r = unmount_once(c, &m, err);
	debug_point("device:undo", "bind");
	if (r > 0)
		return err_set(err, EBUSY,
			       "it cannot be come to: root inside has other mounts above it, or goes on moving it");
	err_clear(r < 0 ? NULL : err);
	return r < 0 ? r : mounted_drop(c->b->rundir, entry, err);
}

/* Of b->spec too. */
static int take_away(struct device_change *c, size_t at, struct err *err)
{
	struct strv *list = &c->b->spec.mount.entry;
	int r = unmount(c, list->v[at], err);

	if (r < 0)
		return r;
	drop(list, at);
	return device_save_spec(c, err);
}

/* As it is once it has been in a file: "spec" is. */
static int add_trimmed(struct strv *list, const char *value)
{
	size_t n;

	value += strspn(value, " \t");
	n = strlen(value);
	while (n > 0 && strchr(" \t", value[n - 1]))
		n--;
	return n ? strv_addf(list, "%.*s", (int)n, value) : 0;
}

/* The values that the run's assignments give it, where they give all of them: 1. */
static int read_wanted(const struct device_change *c, struct strv *ret, struct err *err)
{
	autocall(strv_done) struct strv assign = { 0 };
	int r = boot_read_assignments(c->b->rundir, &assign, err), all = 0;

	for (size_t i = 0; i < assign.n && r >= 0; i++) {
		const char *rest = str_starts(assign.v[i], KEY) ? assign.v[i] + strlen(KEY) : "";
		if (*rest == '=') {
			strv_clear(ret);
			all = 1;
		}
		rest += *rest == '+';
		if (*rest == '=' && add_trimmed(ret, rest + 1) < 0)
			r = err_nomem(err);
	}
	return r < 0 ? r : all;
}

static int bind_settle(struct device_change *c, bool begins, struct err *err)
{
	autocall(strv_done) struct strv wanted = { 0 };
	struct strv *list = &c->b->spec.mount.entry;
	int r = read_wanted(c, &wanted, err);

	(void)begins;
	if (r <= 0)
		return r;
	r = 0;
	for (size_t i = list->n; i-- > 0 && r >= 0;)
		if (!strv_has(&wanted, list->v[i]))
			r = take_away(c, i, err);
	return r;
}

static int bind_del(struct device_change *c, struct err *err)
{
	autocall(strv_done) struct strv before = { 0 }, rest = { 0 };
	struct boot *b = c->b;
	size_t at;
	int r = c->words[0] ? spec_bind_find(&b->spec.mount.entry, c->words[0], &at, err)
			    : err_set(err, EINVAL, "where is it mounted?");

	if (r >= 0)
		r = copy_but(&b->spec.mount.entry, at, &rest, err);
	if (r >= 0)
		r = boot_read_assignments(b->rundir, &before, err);
	if (r >= 0)
		r = boot_assign_again(b->rundir, KEY, &rest, err);
	debug_point("device", "given-up");
	if (r < 0)
		return r;
	log_info("mount.entry: '%s' goes", b->spec.mount.entry.v[at]);
	r = take_away(c, at, err);
	if (r < 0) /* it stays, to be asked for again */
		boot_replace_assignments(b->rundir, &before, NULL);
	return r;
}

/* --- what comes ----------------------------------------------------------------------------------------------------- */

struct coming {
	struct mount_entry entry;
	int tree;
};

static int attach(void *data, struct err *err)
{
	const struct coming *what = data;

	return mount_entry_attach(&what->entry, what->tree, err);
}

static int make_tree(const struct device_change *c, const struct mount_entry *e, struct err *err)
{
	struct boot *b = c->b;

	if (mnt_is_old())
		return err_set(err, EOPNOTSUPP,
			       "what is bound into a container that runs needs Linux 5.12 or later: with --save, or in "
			       "mount.entry, it is there from the next start on");
	if (b->spec.container.idmap.mode != IDMAP_NONE && b->userns < 0)
		b->userns = device_open_namespace(c, "user", err);
	if (b->spec.container.idmap.mode != IDMAP_NONE && b->userns < 0)
		return b->userns;
	return boot_entry_tree(b, e, err);
}

/* b->spec has it by now. */
static int bring(struct device_change *c, const char *text, struct err *err)
{
	autocall(mount_entry_done) struct mount_entry e = { 0 };
	autoclose int tree = -1;
	struct coming what;
	int r = mount_entry_parse(text, &e, err);

	if (r >= 0)
		r = tree = make_tree(c, &e, err);
	if (r >= 0)
		r = device_save_spec(c, err);
	if (r >= 0)
		r = mounted_add(c->b->rundir, tree, text, err);
	debug_point("device", "recorded");
	if (r < 0)
		return r;
	what = (struct coming){ e, tree };
	r = boot_inside(c, attach, &what, err);
	debug_point("device", "made");
	if (r >= 0)
		r = boot_assign_again(c->b->rundir, KEY, &c->b->spec.mount.entry, err);
	debug_point("device", "assigned");
	return r;
}

static void undo(struct device_change *c, const struct strv *before)
{
	struct err err = { 0 };

	if (take_away(c, c->b->spec.mount.entry.n - 1, &err) < 0)
		log_error("undo: %s", err.msg); /* the assignments do not have it: the next change tries again */
	else if (boot_replace_assignments(c->b->rundir, before, &err) < 0)
		log_error("undo: %s", err.msg);
}

static size_t count_hosts(const struct strv *entries)
{
	size_t n = 0;

	for (size_t i = 0; i < entries->n; i++) {
		autocall(mount_entry_done) struct mount_entry e = { 0 };
		n += mount_entry_parse(entries->v[i], &e, NULL) == 0 && mount_entry_is_hosts(&e);
	}
	return n;
}

/* Its line, if there may be one more. */
static int check(const struct device_change *c, struct str *ret, struct err *err)
{
	const struct strv *entries = &c->b->spec.mount.entry;
	autofree char *place = NULL;
	size_t at;
	int r;

	if (!c->words[0] || c->words[1])
		return err_set(err, EINVAL, "one HOST:CTR[:OPTION,...] is what is bound");
	r = mount_volume_entry(c->words[0], ret, err);
	if (r < 0)
		return r;
	place = spec_bind_place(c->words[0]);
	r = place ? spec_bind_at(entries, place, &at, err) : err_nomem(err);
	if (r > 0)
		return err_set(err, EEXIST, "'%s' has something mounted already: '%s'", place, entries->v[at]);
	if (r == 0 && count_hosts(entries) >= FD_MAX_PASSED - 1) /* a reboot would fail */
		return err_set(err, E2BIG, "%d of the host's are mounted, there can be no more", FD_MAX_PASSED - 1);
	return r;
}

static int bind_add(struct device_change *c, struct err *err)
{
	autocall(strv_done) struct strv before = { 0 };
	autocall(str_done) struct str text = { 0 };
	autofree char *set = NULL;
	struct boot *b = c->b;
	int r = check(c, &text, err);

	if (r >= 0)
		r = boot_read_assignments(b->rundir, &before, err);
	if (r >= 0)
		r = boot_assign_again(b->rundir, KEY, &b->spec.mount.entry, err);
	debug_point("device", "claimed");
	if (r < 0)
		return r;
	set = str_fmt(KEY "+=%s", str_text(&text));
	r = set ? spec_set(&b->spec, set, err) : err_nomem(err);
	if (r < 0) {
		boot_replace_assignments(b->rundir, &before, NULL);
		return r;
	}
	r = bring(c, str_text(&text), err);
	if (r < 0)
		undo(c, &before);
	else
		log_info("mount.entry: '%s' has come", str_text(&text));
	return r;
}

const struct device_kind device_bind = { "bind", bind_add, bind_del, bind_settle };
