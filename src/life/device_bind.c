/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What [mount] entry of a configuration has of the host's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/edit.h"
#include "life/config.h"
#include "life/device_kind.h"
#include "life/glance.h"
#include "mount/volume.h"
#include "spec/bind.h"

#define SECTION "mount"
#define KEY     "entry"

/* have: what its text says; what an include brings is not in it. */
static int open_config(struct life_config *c, const struct store *store, const char *name, struct strv *have,
		       struct err *err)
{
	int r = life_config_open(c, store, name, err);

	if (r >= 0 && glance_in(c->text, SECTION, KEY, have) < 0)
		r = err_nomem(err);
	return r < 0 ? r : 0;
}

/* One line more or less of it. */
static int edit(const struct store *store, const char *name, const struct life_config *c, enum edit how, const char *value,
		struct str *ret, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	edit_text(c->text, how, SECTION, strlen(SECTION), KEY, value, ret);
	r = life_config_check(store, name, ret, &spec, err);
	if (r >= 0 && how == EDIT_ADD)
		r = spec_check_sources(&spec, store, err);
	return r < 0 ? r : life_config_write(c, ret, err);
}

static int bind_keep(const struct store *store, const char *name, const struct life_device *change, bool live,
		     char ret[static WIRE_DEVICE_TEXT], struct err *err)
{
	autocall(strv_done) struct strv have = { 0 };
	autocall(str_done) struct str entry = { 0 }, now = { 0 };
	autofree char *place = spec_bind_place(change->words->v[2]);
	LIFE_CONFIG_INIT(c);
	size_t at;
	int r = place ? mount_volume_entry(change->words->v[2], &entry, err) : err_nomem(err);

	(void)live;
	*ret = '\0';
	if (r >= 0)
		r = open_config(&c, store, name, &have, err);
	if (r >= 0)
		r = spec_bind_at(&have, place, &at, err);
	if (r < 0 || (r > 0 && str_eq(have.v[at], str_text(&entry))))
		return r < 0 ? r : 0;
	if (r > 0)
		return err_set(err, EEXIST, "its configuration has something mounted on '%s' already: '%s'", place,
			       have.v[at]);
	return edit(store, name, &c, EDIT_ADD, str_text(&entry), &now, err);
}

static int bind_drop(const struct store *store, const char *name, const struct life_device *change, bool runs,
		     struct device_kept *ret_kept, char ret[static WIRE_DEVICE_TEXT], struct err *err)
{
	autocall(strv_done) struct strv have = { 0 };
	LIFE_CONFIG_INIT(c);
	size_t at;
	int r = open_config(&c, store, name, &have, err);

	*ret = '\0';
	if (r >= 0)
		r = spec_bind_find(&have, change->words->v[2], &at, err);
	if (r == -ENOENT && runs) { /* mgr-boot knows what is in force */
		err_clear(err);
		return 0;
	}
	if (r >= 0)
		r = edit(store, name, &c, EDIT_DROP, have.v[at], &ret_kept->now, err);
	if (r >= 0)
		ret_kept->was = steal_ptr(&c.text);
	return r < 0 ? r : 0;
}

const struct device_kind device_bind = { "bind", bind_keep, bind_drop };
