/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/export.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "life/origin.h"
#include "life/snapshot.h"
#include "life/unpack/about.h"
#include "life/unpack/progress.h"
#include "life/whole.h"
#include "spec/spec.h"

#define PACK        MGR_LIBEXECDIR "/mgr-unpack"
#define PROGRESS_FD 3

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

struct run {
	const struct life_export *what;
	struct str said;
	char line[64]; /* of the progress, so far */
	size_t len;
};

static void take_progress(struct run *run, const char *bytes, size_t n)
{
	uint64_t done, total;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n') {
			run->line[run->len] = bytes[i];
			run->len += run->len + 1 < sizeof run->line;
			continue;
		}
		run->line[run->len] = '\0';
		run->len = 0;
		if (sscanf(run->line, PROGRESS_SCAN, &done, &total) == 2)
			run->what->progress(done, total, run->what->data);
	}
}

/* What it says (0) and how far it is (1), until it has ended. */
static int follow(struct run *run, int said, int progress)
{
	struct pollfd p[] = { { .fd = said, .events = POLLIN }, { .fd = progress, .events = POLLIN } };
	char buf[4096];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < 2; i++) {
			ssize_t n = p[i].fd >= 0 && p[i].revents ? read(p[i].fd, buf, sizeof buf) : 1;
			if (n <= 0)
				p[i].fd = -1;
			else if (p[i].fd >= 0 && p[i].revents && i == 0)
				str_addn(&run->said, buf, (size_t)n);
			else if (p[i].fd >= 0 && p[i].revents)
				take_progress(run, buf, (size_t)n);
		}
	}
	return 0;
}

/* Its last line is what went wrong. */
static int ended(pid_t pid, struct run *run, struct str *ret_told, struct err *err)
{
	char text[48];
	int status, r = proc_wait(pid, CLOCK_NEVER, &status, err);

	if (r < 0)
		return r;
	if (status == 0) {
		str_add(ret_told, str_text(&run->said));
		return 0;
	}
	if (run->said.len < 2)
		return err_set(err, ECANCELED, "the program that packs it ended with %s", proc_status_text(status, text));
	run->said.text[run->said.len - 1] = '\0';
	const char *last = strrchr(run->said.text, '\n');
	return err_set(err, ECANCELED, "%s", last ? last + 1 : run->said.text);
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
	struct run run = { .what = what };
	autocall(strv_done) struct strv argv = { 0 };
	autoclose int about = keep_about(&g->about, err);
	int said[2], progress[2], r;
	pid_t pid;

	if (about < 0)
		return about;
	if (make_argv(g, filter, what->progress, &argv) < 0)
		return err_nomem(err);
	if (pipe2(said, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(progress, O_CLOEXEC) < 0) {
		close(said[0]), close(said[1]);
		return err_sys(err, errno, "make a pipe");
	}
	const struct proc_fd fds[] = { { about, 0 }, { out, 1 }, { said[1], 2 }, { progress[1], PROGRESS_FD } };
	pid = proc_spawn_session((const char *const *)argv.v, fds, what->progress ? 4 : 3, NULL, err);
	close(said[1]), close(progress[1]);
	r = pid < 0 ? pid : follow(&run, said[0], progress[0]);
	close(said[0]), close(progress[0]);
	if (pid > 0)
		r = r < 0 ? err_sys(err, -r, "hear of its packing") : ended(pid, &run, ret_told, err);
	str_done(&run.said);
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
