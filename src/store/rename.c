/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container gets another name. The folder is renamed at once; what else has the name follows it, and a record in the claim
 * of the new name says what that is: whatever is interrupted, the name that the folder has then is the one that holds. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "conf/conf.h"
#include "conf/edit.h"
#include "store/claim.h"
#include "store/internal.h"

#define RECORD     ".rename" /* in the claim: a line each of from, to, uuid, old path, new path */
#define RECORD_MAX ((size_t)64 << 10)

struct record {
	struct strv lines;
	struct store_rename what;
};

static void record_done(struct record *record)
{
	strv_done(&record->lines);
}

static int write_record(int claim, const struct store_rename *what, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	str_addf(&text, "%s\n%s\n%s\n", what->from, what->to, what->uuid);
	if (what->path)
		str_addf(&text, "%s\n%s\n", what->old_path, what->path);
	return text.failed ? err_nomem(err) : file_replace_at(claim, RECORD, text.text, text.len, 0600, err);
}

static int read_record(int claim, struct record *ret, struct err *err)
{
	char **v;
	int r = file_read_lines_at(claim, RECORD, RECORD_MAX, &ret->lines, err);

	if (r < 0)
		return r;
	v = ret->lines.v;
	if (ret->lines.n != 3 && ret->lines.n != 5)
		return err_set(err, EBADMSG, "'" RECORD "' of an interrupted mgr-rename makes no sense");
	ret->what = (struct store_rename){ .from = v[0], .to = v[1], .uuid = v[2] };
	if (ret->lines.n == 5) {
		ret->what.old_path = v[3];
		ret->what.path = v[4];
	}
	return 0;
}

bool store_is_renaming(int claim)
{
	return faccessat(claim, RECORD, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- the registries --------------------------------------------------------------------------------------------------- */

struct naming {
	const struct store *store;
	const char *uuid, *name;
	struct err *err;
};

static int name_entries(const struct naming *of, const char *network)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(reg);
	char slot[REGISTRY_SLOT], further[REGISTRY_NAME];
	const char *key = of->uuid;
	int r = network ? lease_open(&reading, of->store, network, false, of->err)
			: registry_open(&reading, of->store, ".ids", false, of->err);

	if (r < 0)
		return r;
	if (registry_find(&reading, key, slot, sizeof slot, NULL) < 0 && registry_count_further(&reading, key, 0) == 0)
		return 0;
	r = network ? lease_open(&reg, of->store, network, true, of->err)
		    : registry_open(&reg, of->store, ".ids", true, of->err);
	for (unsigned k = 0; r == 0; k++) {
		r = registry_set_owner(&reg, key, of->name, of->err);
		key = registry_further(of->uuid, k, further);
		if (registry_find(&reg, key, slot, sizeof slot, NULL) < 0)
			break;
	}
	return r;
}

static int name_leases(const char *network, void *data)
{
	return name_entries(data, network);
}

static int name_all(const struct store *store, const char *uuid, const char *name, struct err *err)
{
	struct naming of = { store, uuid, name, err };
	int r = name_entries(&of, NULL);

	return r < 0 ? r : leases_each_network(store, name_leases, &of, err);
}

/* --- what follows -------------------------------------------------------------------------------------------------------
 */

/* A line that says the old value says the new one. */
static int follow_key(struct str *text, const char *section, const char *key, const char *was, const char *is)
{
	autocall(str_done) struct str probe = { 0 }, out = { 0 };

	if (!edit_text(str_text(text), EDIT_DROP, section, strlen(section), key, was, &probe))
		return 0;
	edit_text(str_text(text), EDIT_SET, section, strlen(section), key, is, &out);
	if (out.failed)
		return -ENOMEM;
	str_done(text);
	*text = out;
	out = (struct str){ 0 };
	return 1;
}

int store_rename_config(const struct store_rename *what, const char *config, struct str *out)
{
	int path = 0, name;

	str_add(out, config);
	if (what->path)
		path = follow_key(out, "rootfs", "path", what->old_path, what->path);
	name = path < 0 ? path : follow_key(out, "uts", "name", what->from, what->to);
	return name < 0 || out->failed ? -ENOMEM : path + 2 * name;
}

static int follow_config(const struct store *store, const struct store_rename *what, struct err *err)
{
	autoclose int folder = store_container(store, what->to, err);
	autocall(str_done) struct str out = { 0 };
	autofree char *text = NULL;
	int r = folder < 0 ? folder : store_lock_config(folder, true, err);

	if (r == 0)
		r = file_read_at(folder, "config", CONF_FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	r = store_rename_config(what, text, &out);
	if (r <= 0)
		return r < 0 ? err_nomem(err) : 0;
	return file_replace_at(folder, "config", str_text(&out), out.len, 0600, err);
}

/* What lies at the new place already stays: it is nothing of this container's. */
static int follow_logs(const struct store *store, const struct store_rename *what, struct err *err)
{
	autofree char *was = str_fmt("%s/%s", store->log, what->from), *is = str_fmt("%s/%s", store->log, what->to);

	if (!was || !is)
		return err_nomem(err);
	if (rename(was, is) < 0 && errno != ENOENT && errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(err, errno, "rename '%s' to '%s'", was, is);
	return 0;
}

/* Of an interrupted one: who renames has the lock that is in it, and removes it himself. */
static void leave_runtime(const struct store *store, const char *name)
{
	autofree char *path = str_fmt("%s/%s", store->run, name), *folder = str_fmt("%s/%s", store->containers, name);
	autoclose int lock = -1;

	if (!path || !folder || access(path, F_OK) < 0 || access(folder, F_OK) == 0)
		return;
	lock = store_lock(store, name, STORE_WORKING, 0, NULL);
	if (lock >= 0)
		(void)file_remove_tree_at(AT_FDCWD, path, NULL);
}

/* --- the rename ------------------------------------------------------------------------------------------------------- */

/* 1, 0, or -errno: a config that cannot be read now tells nothing. */
static int has_name(const struct store *store, const char *name, const char *uuid, struct err *err)
{
	autofree char *config = str_fmt("%s/%s/config", store->containers, name);
	int r = config ? store_config_says(AT_FDCWD, config, uuid, err) : err_nomem(err);

	if (r != -ENOENT)
		return r;
	err_clear(err);
	return 0;
}

/* The record goes last: without it the folder with the uuid would stand for a create, whose ids are nobody's. */
static int leave_claim(const struct store *store, int claim, const char *path, const char *uuid, struct err *err)
{
	autofree char *all = str_fmt("%s/" STORE_NEW, store->containers);
	int r;

	if (unlinkat(claim, uuid, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s/%s'", path, uuid);
	debug_point("rename", "unclaimed");
	if (unlinkat(claim, RECORD, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s/" RECORD "'", path);
	r = file_remove_tree_at(AT_FDCWD, path, err);
	if (all)
		rmdir(all); /* not while there are others */
	return r;
}

/* 1: it has the new name, 0: the old one, or is no more. */
static int follow(const struct store *store, const struct store_rename *what, struct err *err)
{
	int r = has_name(store, what->to, what->uuid, err);

	if (r == 0) {
		r = has_name(store, what->from, what->uuid, err);
		return r > 0 ? name_all(store, what->uuid, what->from, err) : r;
	}
	if (r < 0)
		return r;
	r = name_all(store, what->uuid, what->to, err);
	if (r == 0)
		r = follow_config(store, what, err);
	debug_point("rename", "configured");
	if (r == 0)
		r = follow_logs(store, what, err);
	return r < 0 ? r : 1;
}

int store_rename_finish(const struct store *store, int claim, const char *path, struct err *err)
{
	autocall(record_done) struct record record = { 0 };
	int renamed, r = read_record(claim, &record, err);

	if (r < 0)
		return r;
	renamed = follow(store, &record.what, err);
	if (renamed < 0)
		return renamed;
	leave_runtime(store, renamed ? record.what.from : record.what.to);
	return leave_claim(store, claim, path, record.what.uuid, err);
}

static int prepare(const struct store *store, int claim, const struct store_rename *what, struct err *err)
{
	autoclose int folder = -1;
	int r = write_record(claim, what, err);

	debug_point("rename", "recorded");
	if (r == 0)
		r = folder = store_claim_folder(claim, what->uuid, err); /* by which entries of the new name live */
	debug_point("rename", "claimed");
	if (r >= 0)
		r = name_all(store, what->uuid, what->to, err);
	debug_point("rename", "named");
	return r;
}

int store_rename(const struct store *store, int claim, const struct store_rename *what, struct err *err)
{
	autofree char *from = str_fmt("%s/%s", store->containers, what->from);
	autofree char *to = str_fmt("%s/%s", store->containers, what->to);
	autofree char *path = store_claim_path(store, what->to);
	struct err second = { 0 };
	int r, left;

	if (!from || !to || !path)
		return err_nomem(err);
	r = prepare(store, claim, what, err);
	if (r == 0 && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
		r = err_sys(err, errno, "rename '%s' to '%s'", from, to);
	debug_point("rename", "renamed");
	left = store_is_renaming(claim) ? store_rename_finish(store, claim, path, &second) : 0;
	if (r == 0 && left < 0 && err)
		*err = second;
	return r < 0 ? r : left;
}
