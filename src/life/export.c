/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/proc.h"
#include "life/origin.h"
#include "life/snapshot.h"
#include "life/unpack/about.h"
#include "life/whole.h"
#include "spec/spec.h"

#define PACK MGR_LIBEXECDIR "/mgr-unpack"

static const struct {
	const char *end, *filter;
} filters[] = {
	{ ".tar", "none" }, { ".tar.zst", "zstd" }, { ".tzst", "zstd" }, { ".tar.gz", "gzip" },
	{ ".tgz", "gzip" }, { ".tar.xz", "xz" },    { ".txz", "xz" },
};

static const char *choose_filter(const char *file, struct err *err)
{
	struct stat st;

	if (!file)
		return "none";
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (str_ends(file, filters[i].end))
			return filters[i].filter;
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return "none";
	err_set(err, EINVAL, "'%s': its end says how it is to be packed: .tar, .tar.zst, .tar.gz or .tar.xz", file);
	return NULL;
}

/* What is packed: what is said of it, and where its trees are, as mgr-unpack is told. */
struct gathered {
	struct origin from; /* the container, locked */
	int snapshots;      /* locked; -1: without them */
	struct about about;
	struct strv trees;
};

static void gathered_done(struct gathered *g)
{
	origin_done(&g->from);
	if (g->snapshots >= 0)
		close(g->snapshots);
	about_done(&g->about);
	strv_done(&g->trees);
}

/* Whatever files it is in. */
static char *config_of(const struct spec *spec)
{
	autocall(str_done) struct str text = { 0 };

	spec_print(spec, &text);
	return text.failed ? NULL : strdup(str_text(&text));
}

static int add_tree(struct gathered *g, const struct origin *o, const char *snapshot, struct err *err)
{
	const struct storage_place *p = &o->place;
	int r = snapshot ? strv_addf(&g->trees, "--folder=%s/%s/" STORE_SNAP "/%s", p->store->containers, p->name, snapshot)
			 : strv_addf(&g->trees, "--folder=%s/%s", p->store->containers, p->name);

	return r < 0 || strv_addf(&g->trees, "--tree=%s:%s", o->backend->name, p->path) < 0 ? err_nomem(err) : 0;
}

static int add_snapshot(struct gathered *g, const struct snapshot *snapshot, struct err *err)
{
	const struct storage_place *p = &g->from.place;
	struct about_snapshot *s = about_add(&g->about, snapshot->name);
	struct origin o;
	int r = s ? origin_open(&o, p->store, p->name, snapshot->name, false, err) : err_nomem(err);

	if (!s)
		return r;
	if (r == 0) {
		s->created = snapshot->created;
		s->config = config_of(&o.spec);
		s->comment = snapshot->comment ? strdup(snapshot->comment) : NULL;
		r = s->config && (s->comment || !snapshot->comment) ? add_tree(g, &o, snapshot->name, err) : err_nomem(err);
	}
	origin_done(&o);
	return r < 0 ? err_wrap(err, "snapshot '%s'", snapshot->name) : 0;
}

static int add_snapshots(struct gathered *g, const struct store *store, const char *name, struct err *err)
{
	struct snapshots list = { 0 };
	int r = life_snapshots(store, name, &list, err);

	for (size_t i = 0; i < list.n && r == 0; i++)
		r = add_snapshot(g, &list.v[i], err);
	if (r == 0 && list.n) /* nobody removes one meanwhile */
		r = g->snapshots = snapshots_lock(g->from.folder, false, err);
	snapshots_done(&list);
	return r < 0 ? r : 0;
}

static int gather(struct gathered *g, const struct store *store, const char *name, bool snapshots, struct err *err)
{
	int r = origin_open(&g->from, store, name, NULL, false, err);

	if (r == 0)
		r = spec_check(&g->from.spec, err);
	if (r < 0)
		return r;
	g->about.name = strdup(name);
	g->about.config = config_of(&g->from.spec);
	r = g->about.name && g->about.config ? add_tree(g, &g->from, NULL, err) : err_nomem(err);
	return r == 0 && snapshots ? add_snapshots(g, store, name, err) : r;
}

/* To be read. */
static int keep_about(const struct about *about, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autoclose int fd = memfd_create("about", MFD_CLOEXEC);
	int r;

	about_print(about, &text);
	if (text.failed)
		return err_nomem(err);
	if (text.len > ABOUT_MAX)
		return err_set(err, E2BIG, "its configuration and its snapshots' have more than %d bytes", ABOUT_MAX);
	r = fd < 0 ? -errno : file_write_all(fd, str_text(&text), text.len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "keep its configuration") : steal_fd(&fd);
}

static int make_argv(const struct gathered *g, const char *filter, bool progress, struct strv *argv)
{
	const struct spec *spec = &g->from.spec;
	const struct idmap *map = &spec->container.idmap;
	int r = strv_add(argv, PACK) | strv_addf(argv, "--pack=%s", filter) |
		strv_addf(argv, "--name=%s", g->from.place.name) |
		strv_addf(argv, "--store=%s", g->from.place.store->containers);

	if (spec->rootfs.exposed)
		r |= strv_add(argv, "--exposed");
	for (size_t i = 0; i < g->trees.n; i++)
		r |= strv_add(argv, g->trees.v[i]);
	if (progress)
		r |= strv_add(argv, "--progress");
	if (map->mode == IDMAP_NONE)
		r |= strv_add(argv, "--map=none");
	for (size_t i = 0; map->mode == IDMAP_MAP && i < map->n; i++)
		r |= strv_addf(argv, "--map=%c %u %u %u", map->v[i].gid ? 'g' : 'u', map->v[i].guest, map->v[i].host,
			       map->v[i].count);
	return r < 0 ? -ENOMEM : 0;
}

static int pack(const struct gathered *g, const struct life_export *what, const char *filter, int out, struct str *ret_told,
		struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	autoclose int about = keep_about(&g->about, err);
	autofree char *words = NULL;
	const struct proc_fd fds[] = { { about, STDIN_FILENO }, { out, STDOUT_FILENO } };
	int r;

	if (about < 0)
		return about;
	if (make_argv(g, filter, what->progress, &argv) < 0)
		return err_nomem(err);
	r = proc_run_job(&(struct proc_job){ .argv = (const char *const *)argv.v,
					     .fds = fds,
					     .n = ARRAY_SIZE(fds),
					     .words = &words,
					     .progress = what->progress,
					     .data = what->data },
			 err);
	if (r == 0)
		str_add(ret_told, words);
	return r;
}

int life_export(const struct store *store, const char *name, const struct life_export *what, struct str *ret_told,
		struct err *err)
{
	autocall(whole_done) struct whole file = { .fd = -1 };
	struct gathered g = { .snapshots = -1, .from = { .lock = -1, .folder = -1 } };
	const char *filter = choose_filter(what->file, err);
	int r;

	if (!filter)
		return -err->code;
	r = gather(&g, store, name, what->snapshots, err);
	if (r == 0 && what->file)
		r = whole_open(&file, what->file, err);
	if (r == 0)
		r = pack(&g, what, filter, what->file ? file.fd : what->out, ret_told, err);
	debug_point("export", "packed");
	if (r == 0 && what->file)
		r = whole_commit(&file, err);
	gathered_done(&g);
	return r;
}
