/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "life/identity.h"
#include "life/life.h"
#include "life/state.h"
#include "life/stop.h"
#include "spec/spec.h"
#include "store/claim.h"

struct rename {
	const struct store *store;
	struct store_rename what;
	struct spec spec;
	char *path;   /* rootfs.path from now on; NULL: it stays */
	int from, to; /* their locks */
};

/* BACKEND:PATH, where PATH lies in the container's own folder. */
static int choose_path(struct rename *r, struct err *err)
{
	const char *now = r->spec.rootfs.path, *colon = now ? strchr(now, ':') : NULL;
	autofree char *own = str_fmt("%s/%s/", r->store->containers, r->what.from);

	if (!own)
		return err_nomem(err);
	if (!colon || !str_starts(colon + 1, own))
		return 0;
	r->path =
		str_fmt("%.*s:%s/%s/%s", (int)(colon - now), now, r->store->containers, r->what.to, colon + 1 + strlen(own));
	if (!r->path)
		return err_nomem(err);
	r->what.old_path = now;
	r->what.path = r->path;
	return 0;
}

/* Would it be one that can be started, when it has the other name? */
static int check_config(const struct rename *r, int folder, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autofree char *config = NULL;
	autocall(spec_done) struct spec spec;
	int changed;

	spec_init(&spec);
	if (file_read_at(folder, "config", CONF_FILE_MAX, &config, NULL, err) < 0)
		return -err->code;
	changed = store_rename_config(&r->what, config, &text);
	if (changed < 0)
		return err_nomem(err);
	if (r->path && !(changed & 1))
		return err_set(err, EINVAL,
			       "rootfs.path comes from a file that its configuration includes: "
			       "mgr-config -n %s set rootfs.path %s",
			       r->what.from, r->what.old_path);
	return conf_load_text(&spec_schema, &spec, "config", str_text(&text), text.len, err);
}

static int look(struct rename *r, struct err *err)
{
	autoclose int folder = store_container(r->store, r->what.from, err);
	int e = folder < 0 ? folder : spec_load(&r->spec, folder, "config", err);

	if (e < 0)
		return e;
	r->what.uuid = r->spec.container.uuid;
	if (!r->what.uuid)
		return err_set(err, EINVAL, "its configuration has no container.uuid");
	e = choose_path(r, err);
	return e < 0 ? e : check_config(r, folder, err);
}

/* With the lock of the container that has it no more, or never had. */
static void leave_runtime(const struct rename *r, const char *name)
{
	autofree char *path = str_fmt("%s/%s", r->store->run, name);

	if (path && file_remove_tree_at(AT_FDCWD, path, NULL) < 0)
		log_warn("'%s' cannot be removed", path);
}

/* Where its host name was its name, so do its files call it. */
static void tell_files(const struct rename *r)
{
	struct err err = { 0 };

	if (r->spec.uts.name && !str_eq(r->spec.uts.name, r->what.from))
		return;
	if (identity_set_name(r->store, r->what.to, r->what.from, r->what.to, &err) < 0)
		log_warn("its own files call it '%s' still: %s", r->what.from, err.msg);
}

/* With the container's lock. */
static int give_name(struct rename *r, struct err *err)
{
	autoclose int claim = store_claim_renamed(r->store, r->what.from, r->what.to, err);
	int e;

	if (claim < 0)
		return err_wrap(err, "'%s'", r->what.to);
	e = r->to = store_lock(r->store, r->what.to, STORE_WORKING, clock_in(0), err);
	if (e >= 0)
		e = store_rename(r->store, claim, &r->what, err);
	else
		store_claim_drop(r->store, r->what.to, NULL);
	return e;
}

static int change(struct rename *r, struct err *err)
{
	autofree char *is = str_fmt("%s/%s", r->store->containers, r->what.to);
	int e;

	if (!is)
		return err_nomem(err);
	r->from = life_take_stopped(r->store, r->what.from, err);
	e = r->from < 0 ? r->from : look(r, err);
	if (e == 0)
		e = give_name(r, err);
	if (e >= 0)
		tell_files(r);
	if (r->from >= 0 && e >= 0)
		leave_runtime(r, r->what.from);
	if (r->to >= 0 && e < 0 && access(is, F_OK) < 0)
		leave_runtime(r, r->what.to);
	return e;
}

int life_rename(const struct store *store, const char *from, const char *to, struct err *err)
{
	struct rename r = { .store = store, .what = { .from = from, .to = to }, .from = -1, .to = -1 };
	int e = store_check_new_name(to, err);

	if (e < 0)
		return e;
	spec_init(&r.spec);
	e = change(&r, err);
	if (r.to >= 0)
		close(r.to);
	if (r.from >= 0)
		close(r.from);
	free(r.path);
	spec_done(&r.spec);
	return e;
}
