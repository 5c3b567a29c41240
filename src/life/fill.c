/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a new container's root file system comes from. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "life/internal.h"
#include "life/unpack/about.h"
#include "life/unpack/progress.h"
#include "template/template.h"

#define UNPACK MGR_LIBEXECDIR "/mgr-unpack"
#define ROOTFS "rootfs" /* where a template and mgr-unpack find it */
#define TRIES  10

static int open_archive(const char *path, struct err *err)
{
	int fd = str_eq(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? err_sys(err, errno, "archive '%s': open it", path) : fd;
}

int birth_source(struct birth *birth, struct err *err)
{
	const struct life_create *what = birth->what;

	birth->archive = birth->rootfs_fd = birth->tree = birth->device = -1;
	if (what->rootfs)
		return birth_adopt(birth, err);
	if (what->image || what->disk)
		return birth_disk(birth, err);
	if (!what->archive)
		return template_find(what->template, &birth->program, err);
	birth->archive = open_archive(what->archive, err);
	birth->program = strdup(UNPACK);
	if (!birth->program)
		return err_nomem(err);
	return birth->archive < 0 ? birth->archive : 0;
}

void birth_source_done(struct birth *birth)
{
	free(birth->program);
	free(birth->rootfs);
	free(birth->disk);
	free(birth->base);
	strv_done(&birth->options);
	if (birth->tree >= 0)
		close(birth->tree);
	if (birth->archive >= 0)
		close(birth->archive);
	if (birth->rootfs_fd >= 0)
		close(birth->rootfs_fd);
	if (birth->device >= 0)
		close(birth->device);
}

int birth_set_rootfs(const struct birth *birth, struct spec *spec, struct err *err)
{
	const struct storage_backend *backend = birth->backend;
	const char *outside = birth->rootfs ? birth->rootfs : birth->backend->on_disk ? birth->disk : NULL;
	const uint64_t other = birth->what->size ? birth->what->size : backend->size;
	const uint64_t usual = birth->what->import ? birth->imported : backend->size ? other : 0;
	autofree char *text = outside ? str_fmt("rootfs.path=%s:%s", backend->name, outside)
				      : str_fmt("rootfs.path=%s:%s/%s/%s", backend->name, birth->store->containers,
						birth->what->name, backend->own);
	int r = text ? spec_set(spec, text, err) : err_nomem(err);

	if (r == 0 && usual && !spec->rootfs.size) {
		autofree char *size = str_fmt("rootfs.size=%ju", (uintmax_t)usual);
		r = size ? spec_set(spec, size, err) : err_nomem(err);
	}
	return r == 0 && birth->what->exposed ? spec_set(spec, "rootfs.exposed=yes", err) : r;
}

/* The only entry of the folder, allocated; NULL: it has more, or none. */
static char *only_entry(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	autofree char *name = NULL;

	while (dir && (entry = readdir(dir))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (name)
			return NULL;
		name = strdup(entry->d_name);
	}
	return steal_ptr(&name);
}

/* A tree that was packed from outside: all of it is in one folder. */
static int check_depth(const struct birth *birth, struct err *err)
{
	static const char *const of_root[] = { "etc", "usr", "bin", "sbin" };
	autofree char *name = only_entry(birth->tree);
	autoclose int inner = name ? openat(birth->tree, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

	if (str_eq(name, "usr")) /* a root may be that alone */
		return 0;
	for (size_t i = 0; inner >= 0 && i < ARRAY_SIZE(of_root); i++)
		if (faccessat(inner, of_root[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(err, EINVAL,
				       "archive '%s': all of it is in the folder '%s', which is no root file system; pack "
				       "what is in it: "
				       "tar -C %s -c .",
				       birth->what->archive, name, name);
	return 0;
}

static int check_no_export(const struct birth *birth, struct err *err)
{
	static const char *const of_export[] = { "mgr/format", "mgr/config", "rootfs" };

	for (size_t i = 0; i < ARRAY_SIZE(of_export); i++)
		if (faccessat(birth->tree, of_export[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return 0;
	return err_set(err, EINVAL, "archive '%s': mgr-export has made it: 'mgr-import' takes those", birth->what->archive);
}

int birth_check_filled(int dir, const char *what, const char *name, struct err *err)
{
	int fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *open = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!open)
		return err_set(err, ECANCELED, "%s '%s' left no root file system", what, name);
	while ((entry = readdir(open)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			return 0;
	return err_set(err, ECANCELED, "%s '%s' left an empty root file system", what, name);
}

/* Of what is in birth->tree. */
static int check_tree(const struct birth *birth, struct err *err)
{
	const struct life_create *what = birth->what;
	int r;

	if (!what->archive)
		return birth_check_filled(birth->tree, "template", what->template, err);
	r = birth_check_filled(birth->tree, "archive", what->archive, err);
	if (r == 0 && !birth->what->exported)
		r = check_no_export(birth, err);
	return r < 0 ? r : check_depth(birth, err);
}

static int exported_args(const struct birth *birth, const char *path, struct strv *args)
{
	const struct life_create *what = birth->what;
	int r = strv_add(args, "--exported");
	struct statvfs st;

	if (what->line)
		r |= strv_add(args, "--progress");
	if (what->size)
		r |= strv_addf(args, "--size=%" PRIu64, what->size);
	if (birth->backend->apart && fstatvfs(birth->folder, &st) == 0)
		r |= strv_addf(args, "--room=%" PRIu64, (uint64_t)st.f_bavail * st.f_frsize / 20 * 19 + 1);
	for (size_t i = 0; i < what->exported->n; i++) {
		const char *name = what->exported->v[i].name;
		r |= strv_addf(args, "--snapshot=%s", name) | strv_addf(args, "--folder=%s/" STORE_SNAP "/%s", path, name) |
		     strv_addf(args, "--tree=%s:%s/" STORE_SNAP "/%s/%s", birth->backend->name, path, name,
			       birth->backend->own);
	}
	return r;
}

static int unpack_args(const struct birth *birth, const char *path, struct strv *args)
{
	const struct idmap *map = &birth->map;
	int r = map->mode == IDMAP_NONE ? strv_add(args, "--map=none") : 0;

	if (birth->what->exported)
		r |= exported_args(birth, path, args);
	for (size_t i = 0; map->mode == IDMAP_MAP && i < map->n; i++)
		r |= strv_addf(args, "--map=%c %u %u %u", map->v[i].gid ? 'g' : 'u', map->v[i].guest, map->v[i].host,
			       map->v[i].count);
	return r;
}

/* Without how far it was. */
static void drop_progress(struct str *said)
{
	autocall(str_done) struct str all = *said;
	char *save = NULL;

	*said = (struct str){ 0 };
	for (char *line = all.text ? strtok_r(all.text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		if (!str_starts(line, PROGRESS_LINE))
			str_addf(said, "%s\n", line);
}

/* The program's last line is what went wrong. */
static int unpack(const struct birth *birth, struct template *run, struct str *ret_tail, struct err *err)
{
	autocall(strv_done) struct strv args = { 0 };
	autocall(str_done) struct str said = { 0 };
	int r;

	if (unpack_args(birth, run->path, &args) < 0)
		return err_nomem(err);
	run->args = &args;
	run->input = birth->archive;
	run->line = birth->what->exported ? birth->what->line : NULL;
	r = template_run(run, &said, err);
	drop_progress(&said);
	if (r == -ECANCELED && said.len > 1) {
		said.text[said.len - 1] = '\0';
		const char *last = strrchr(said.text, '\n');
		err_set(err, ECANCELED, "%s", last ? last + 1 : said.text);
	} else {
		str_add(ret_tail, str_text(&said));
	}
	return r < 0 ? err_wrap(err, "archive '%s'", birth->what->archive) : 0;
}

static int stand_on_base(const struct birth *birth, const struct storage_place *place, const struct template *run,
			 struct str *ret_tail, struct err *err)
{
	char id[IMAGE_ID_SIZE];
	int r;

	for (unsigned i = 0;; i++) {
		r = birth_base(birth, run, id, ret_tail, err);
		if (r < 0)
			return r;
		debug_point("create", "based");
		r = birth->backend->create(place, id, err);
		if (r != -ENOENT || i == TRIES) /* one that nothing stands on may have been removed meanwhile */
			return r;
		err_clear(err);
	}
}

static int run_source(const struct birth *birth, struct template *run, struct str *ret_tail, struct err *err)
{
	if (!birth->what->archive)
		return template_run(run, ret_tail, err);
	if (birth->what->exported && birth_make_snapshots(birth, err) < 0)
		return -err->code;
	return unpack(birth, run, ret_tail, err);
}

/* It has filled the file system that it was given: of what it says itself nobody sees that. */
static int explain_full(const struct birth *birth, int r, struct err *err)
{
	const struct err why = *err;
	struct statvfs fs;

	if (!birth->backend->apart || fstatvfs(birth->tree, &fs) < 0 || fs.f_bavail > fs.f_blocks / 10)
		return r;
	return err_set(err, ENOSPC, "%juM are too little for it: --size: %.300s", (uintmax_t)(birth->size >> 20), why.msg);
}

/* A template or mgr-unpack finds the root in the folder, and what it writes goes where the backend keeps it. */
static int fill_mounted(struct birth *birth, const struct storage_place *place, struct template *run, struct str *ret_tail,
			struct err *err)
{
	const struct storage_ids as_on_disk = { .userns = -1 };
	struct storage_mount root;
	int r = birth->base ? stand_on_base(birth, place, run, ret_tail, err) : birth->backend->create(place, NULL, err);

	debug_point("create", "made");
	if (r == 0)
		r = birth->backend->open(place, &as_on_disk, &root, err);
	if (r < 0)
		return r;
	run->tree = birth->tree = root.tree;
	if (birth->base)
		run->verb = TEMPLATE_FROM_BASE;
	if (mkdirat(birth->folder, ROOTFS, 0700) < 0)
		return err_sys(err, errno, "make '%s'", run->rootfs);
	r = run_source(birth, run, ret_tail, err);
	if (r < 0)
		return explain_full(birth, r, err);
	if (storage_sync(&root, birth->folder, err) < 0)
		return -err->code;
	return unlinkat(birth->folder, ROOTFS, AT_REMOVEDIR) < 0 ? err_sys(err, errno, "remove '%s'", run->rootfs) : 0;
}

static int fill_folder(struct birth *birth, const struct storage_place *place, struct template *run, struct str *ret_tail,
		       struct err *err)
{
	int r = birth->backend->create(place, NULL, err);

	if (r == 0)
		r = run_source(birth, run, ret_tail, err);
	birth->tree = openat(birth->folder, ROOTFS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return r;
}

int birth_fill(struct birth *birth, struct str *ret_tail, struct err *err)
{
	const struct life_create *what = birth->what;
	const struct rootfs_conf conf = { .size = birth->size, .options = birth->options };
	const bool mounted = birth->base || birth->backend->apart;
	autofree char *link = str_fmt("/proc/self/fd/%d", birth->folder), *path = link ? realpath(link, NULL) : NULL;
	autofree char *rootfs = path ? str_fmt("%s/" ROOTFS, path) : NULL;
	struct storage_place place = { .conf = &conf,
				       .path = birth->backend->apart ? NULL : path,
				       .store = birth->store,
				       .name = what->name,
				       .uuid = birth->uuid,
				       .folder = birth->folder };
	struct template run = { .program = birth->program,
				.name = what->name,
				.path = path,
				.rootfs = rootfs,
				.cache = birth->store->cache,
				.args = what->args,
				.tree = -1,
				.keep = birth->claim,
				.input = -1,
				.line = what->line,
				.data = what->data };
	int r;

	if (birth->rootfs)
		return 0;
	if (birth->disk)
		return birth_fill_disk(birth, ret_tail, err);
	if (!rootfs)
		return err_nomem(err);
	r = (mounted ? fill_mounted : fill_folder)(birth, &place, &run, ret_tail, err);
	if (r == 0 && !birth->base)
		r = check_tree(birth, err);
	debug_point("create", "filled");
	return r;
}
