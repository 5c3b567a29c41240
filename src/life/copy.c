/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "life/config.h"
#include "life/identity.h"
#include "life/internal.h"
#include "life/origin.h"
#include "store/ephemeral.h"
#include "store/ids.h"

#define MARK_TIME (10 * CLOCK_SECOND) /* a mark of the same name is looked at */

struct copying {
	const struct life_copy *what;
	struct origin from;
	struct spec spec; /* what it is to be */
	const struct storage_backend *as;
	struct strv *left;
	int hold;
};

static int set(struct spec *spec, const char *key, const char *value, struct err *err)
{
	autofree char *text = str_fmt("%s=%s", key, value);

	return text ? spec_set(spec, text, err) : err_nomem(err);
}

/* Files that have its ids on disk are nobody's in another container; nor has a range that is given out more ids. */
static int check_ids(const struct origin *from, struct err *err)
{
	const struct idmap *map = &from->spec.container.idmap;
	struct stat st;

	if (map->mode != IDMAP_MAP)
		return 0;
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].guest >= IDS_COUNT || map->v[i].count > IDS_COUNT - map->v[i].guest)
			return err_set(err, EOPNOTSUPP,
				       "container.idmap has more than %u ids, and a copy gets a range of its own of so many",
				       IDS_COUNT);
	if (faccessat(from->folder, STORAGE_SHIFT, F_OK, AT_SYMLINK_NOFOLLOW) == 0) /* it gets back what it had */
		return 0;
	if (lstat(from->place.path, &st) == 0 && st.st_uid && st.st_uid == idmap_root(map, false))
		return err_set(err, EOPNOTSUPP,
			       "the files of '%s' have its ids on disk, as LXC keeps them: a copy has others",
			       from->place.path);
	return 0;
}

static int leave_out(struct copying *c, const char *key, struct err *err)
{
	struct conf_key found;
	int r = conf_find(&spec_schema, key, &found, err);

	for (size_t i = 0; r == 0; i++) {
		autocall(str_done) struct str value = { 0 };
		if (!conf_print(&c->from.spec, &found, i, &value))
			break;
		if (str_eq(str_text(&value), "lease")) /* it gets one of its own */
			continue;
		if (strv_addf(c->left, "%s: %s is left out: only '%s' has it", key, str_text(&value), c->what->from) < 0)
			return err_nomem(err);
	}
	return r == 0 ? set(&c->spec, key, "", err) : r;
}

/* Addresses of a managed network are reserved, those of others nobody knows of. */
static int part_addresses(struct copying *c, const struct nic_conf *nic, const char *key, struct err *err)
{
	if (net_is_managed(nic))
		return leave_out(c, key, err);
	if (strv_addf(c->left, "%s: is that of '%s' too: change it, or only one of them can run at a time", key,
		      c->what->from) < 0)
		return err_nomem(err);
	return 0;
}

static int part_nic(struct copying *c, const struct nic_conf *nic, struct err *err)
{
	char hwaddr[32], pair[32], four[32], six[32];
	int r = 0;

	str_print(hwaddr, sizeof hwaddr, "net.%u.hwaddr", nic->index);
	str_print(pair, sizeof pair, "net.%u.veth.pair", nic->index);
	str_print(four, sizeof four, "net.%u.ipv4.address", nic->index);
	str_print(six, sizeof six, "net.%u.ipv6.address", nic->index);
	if (nic->has_hwaddr && !c->what->keep_macs)
		r = set(&c->spec, hwaddr, "", err);
	if (r == 0 && nic->pair)
		r = leave_out(c, pair, err);
	if (r == 0 && nic->ipv4.n)
		r = part_addresses(c, nic, four, err);
	return r == 0 && nic->ipv6.n ? part_addresses(c, nic, six, err) : r;
}

/* What the two cannot both have. */
static int part(struct copying *c, struct err *err)
{
	const struct life_copy *what = c->what;
	const struct spec *was = &c->from.spec;
	const char *host = was->uts.name ? was->uts.name : what->from;
	int r = set(&c->spec, "container.uuid", "", err);

	if (r == 0 && was->container.idmap.mode == IDMAP_MAP)
		r = set(&c->spec, "container.idmap", "auto", err);
	if (r == 0)
		r = set(&c->spec, "uts.name", what->keep_name ? host : what->name, err);
	if (r == 0)
		r = set(&c->spec, "rootfs.exposed", "", err);
	if (r == 0 && what->size)
		r = set(&c->spec, "rootfs.size", what->size, err);
	if (r == 0)
		r = set(&c->spec, "container.ephemeral", what->ephemeral ? "yes" : "", err);
	for (size_t i = 0; i < was->net.n && r == 0; i++)
		r = part_nic(c, &was->net.v[i], err);
	return r == 0 && was->net.forward.n ? leave_out(c, "forward.port", err) : r;
}

static struct storage_place place_of(const struct copying *c, const struct birth *birth)
{
	return (struct storage_place){ .conf = &c->spec.rootfs,
				       .store = birth->store,
				       .name = birth->what->name,
				       .uuid = birth->uuid,
				       .folder = birth->folder };
}

static bool is_thin(const struct copying *c)
{
	return c->what->thin || (c->what->ephemeral && c->as == c->from.backend && origin_is_thin(&c->from));
}

static int copy_root(struct copying *c, const struct birth *birth, struct err *err)
{
	const struct storage_place to = place_of(c, birth);
	autofree char *path = NULL;
	int r = c->what->thin ? origin_make_thin(&c->from, err) : 0;

	if (c->what->thin)
		c->as = c->from.backend;
	if (r == 0)
		r = origin_copy(&c->from, &to, c->as, is_thin(c), &path, err);

	debug_point("copy", "copied");
	if (r == 0)
		r = set(&c->spec, "rootfs.path", path, err);
	return r == 0 && c->what->size && c->as->apart ? birth_resize_root(birth, &c->spec, c->as, err) : r;
}

/* Its root as it will be, where it is now. */
static int renew(struct copying *c, const struct birth *birth, struct err *err)
{
	const struct spec *was = &c->from.spec;
	struct storage_mount root;
	int r = birth_open_root(birth, &c->spec, c->as, &root, err);

	if (r < 0)
		return r;
	r = identity_renew(root.tree, was->uts.name ? was->uts.name : c->what->from,
			   c->what->keep_name ? NULL : c->what->name, err);
	if (r == 0)
		r = storage_sync(&root, birth->folder, err);
	close(root.tree);
	debug_point("copy", "renewed");
	return r;
}

static int save(const struct copying *c, const struct birth *birth, struct err *err)
{
	autofree char *path = str_fmt("%s/%s/config", birth->store->containers, birth->what->name);
	autocall(strv_done) struct strv keys = { 0 };
	autocall(str_done) struct str text = { 0 };
	int r = path ? life_config_own_keys(&c->from.spec, &keys, err) : err_nomem(err);

	if (r == 0)
		r = life_config_carry(c->from.text, path, &c->from.spec, &c->spec, &keys, &text, err);
	if (r == 0)
		r = file_replace_at(birth->folder, "config", str_text(&text), text.len, 0600, err);
	debug_point("copy", "configured");
	return r;
}

static int make(struct birth *birth, void *data, struct err *err)
{
	struct copying *c = data;
	int r = birth_folder(birth, err);

	if (r == 0)
		r = part(c, err);
	if (r == 0)
		r = birth_allot(birth, &c->spec, err);
	debug_point("copy", "reserved");
	if (r == 0)
		r = copy_root(c, birth, err);
	if (r == 0)
		r = spec_check(&c->spec, err);
	if (r == 0)
		r = renew(c, birth, err);
	if (r == 0)
		r = save(c, birth, err);
	if (r == 0 && !is_thin(c))
		r = file_sync_system(birth->folder, err);
	if (r == 0 && c->what->ephemeral)
		r = c->hold = ephemeral_mark(birth->store, birth->what->name, birth->uuid, clock_in(MARK_TIME), err);
	debug_point("copy", "marked");
	return r < 0 ? r : 0;
}

static int choose_backend(struct copying *c, struct err *err)
{
	const char *name = c->what->backend;

	c->as = name && !str_eq(name, "auto") ? storage_named(name, err) : c->from.backend;
	if (!c->as)
		return -err->code;
	if (c->as == c->from.backend || !c->spec.rootfs.size || c->what->size)
		return 0;
	/* What a file system in a file had to have, nobody has asked for where there is none. */
	if (c->as->size || (c->as->resize && (c->as->apart || !c->from.backend->apart)))
		return 0;
	return leave_out(c, "rootfs.size", err);
}

static int open_origin(struct copying *c, const struct store *store, struct err *err)
{
	const struct life_copy *what = c->what;
	int r = origin_open(&c->from, store, what->from, what->snapshot, what->live, err);

	spec_init(&c->spec);
	if (r == 0)
		r = spec_load(&c->spec, c->from.folder, "config", err);
	if (r == 0)
		r = check_ids(&c->from, err);
	return r == 0 ? choose_backend(c, err) : r;
}

int life_copy(const struct store *store, const struct life_copy *what, struct strv *ret_left, int *ret_hold, struct err *err)
{
	const struct life_create born = { .name = what->name };
	struct birth birth = { .store = store, .what = &born, .claim = -1, .folder = -1 };
	struct copying c = { .what = what, .left = ret_left, .hold = -1 };
	int r = open_origin(&c, store, err);

	if (r == 0) {
		r = birth_run(&birth, make, &c, err);
		r = r < 0 ? err_wrap(err, "'%s'", what->name) : r;
	}
	if (r < 0 && c.hold >= 0) {
		ephemeral_forget(store, what->name);
		close(steal_fd(&c.hold));
	}
	*ret_hold = c.hold;
	origin_done(&c.from);
	spec_done(&c.spec);
	return r;
}
