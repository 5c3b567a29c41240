/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does a file or folder lead to the manager's own? By the folders above it, and, for what is mounted in several places, by
 * where it is in its file system. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/sys.h"
#include "store/store.h"

#define GUESTS "/rootfs" /* in a container's folder: root inside may write there anyway */

struct place {
	const char *dev;
	char *path; /* in its file system: "" is all of it */
};

struct search {
	const char *given;
	enum store_use use;
	int dir;   /* it, or of a file the folder that it is in */
	bool file; /* which holds nothing */
	char real[PATH_LINK_LONGEST + 1];
	struct place place;

	char *text;
	struct mountinfo *mounts;
	size_t n;
};

static void search_done(struct search *s)
{
	if (s->dir >= 0)
		close(s->dir);
	free(s->place.path);
	free(s->mounts);
	free(s->text);
}

/* --- where things are in their file systems ---------------------------------------------------------------------------- */

static int read_mounts(struct search *s, struct err *err)
{
	char *rest;
	int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &s->text, NULL, err);
	size_t most = 1;

	if (r < 0)
		return r;
	for (const char *p = s->text; (p = strchr(p, '\n')); p++)
		most++;
	s->mounts = calloc(most, sizeof *s->mounts);
	if (!s->mounts)
		return err_nomem(err);
	for (rest = s->text; s->n < most && mountinfo_next(&rest, &s->mounts[s->n]);)
		s->n++;
	return 0;
}

static int find_path(int fd, char ret[static PATH_LINK_LONGEST + 1], struct err *err)
{
	char link[32];
	ssize_t n;

	str_print(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, ret, PATH_LINK_LONGEST);
	ret[n < 0 ? 0 : n] = '\0';
	return n < 0 ? err_sys(err, errno, "read '%s'", link) : 0;
}

/* What is behind a folder's path; NULL: it does not lie there. */
static const char *behind(const char *path, const char *folder)
{
	const size_t n = str_eq(folder, "/") ? 0 : strlen(folder);

	return strncmp(path, folder, n) == 0 && (!path[n] || path[n] == '/') ? path + n : NULL;
}

/* One that is in no list has no place. */
static int find_place(const struct search *s, int fd, const char *path, struct place *ret, struct err *err)
{
	uint64_t id;

	*ret = (struct place){ 0 };
	if (sys_mount_id(fd, &id) < 0)
		return err_sys(err, errno, "look at the mount of '%s'", path);
	for (size_t i = 0; i < s->n; i++) {
		const struct mountinfo *m = &s->mounts[i];
		const char *rest = m->id == id ? behind(path, m->point) : NULL;
		if (!rest)
			continue;
		ret->dev = m->dev;
		ret->path = str_fmt("%s%s", str_eq(m->root, "/") ? "" : m->root, str_eq(rest, "/") ? "" : rest);
		return ret->path ? 0 : err_nomem(err);
	}
	return 0;
}

/* Below the root folder of a container whose folder is of these. */
static bool is_guests(const struct place *place, const struct place *containers)
{
	const char *name = str_eq(place->dev, containers->dev) ? behind(place->path, containers->path) : NULL;
	const char *root = name && name[0] && name[1] != '.' ? strchr(name + 1, '/') : NULL;

	return root && behind(root, GUESTS);
}

static bool meets(const struct place *place, const struct place *own, bool file)
{
	return str_eq(place->dev, own->dev) && (behind(place->path, own->path) || (!file && behind(own->path, place->path)));
}

/* --- one folder of the manager's ----------------------------------------------------------------------------------------
 */

static int refuse(const struct search *s, const char *how, const char *own, struct err *err)
{
	const char *way = s->use == STORE_AS_VOLUME
				  ? ", and root inside could write there: make it 'ro', or, for a container that you trust "
				    "as this machine, use the option 'trusted'"
				  : "";

	return err_set(err, s->use == STORE_AS_VOLUME ? EPERM : EINVAL, "'%s' %s '%s', where mgr keeps its own%s", s->given,
		       how, own, way);
}

static int check_folders(const struct search *s, const char *own, struct err *err)
{
	enum path_relation is;

	if (path_relate(s->dir, own, &is, err) < 0)
		return -err->code;
	if (is == PATH_APART || (is == PATH_AROUND && s->file))
		return 0;
	return refuse(s, is == PATH_AROUND ? "holds" : is == PATH_INSIDE || s->file ? "lies in" : "is", own, err);
}

/* What is mounted below it comes along. */
static int check_mounts(const struct search *s, const char *own, const struct place *place, bool containers, struct err *err)
{
	for (size_t i = 0; !s->file && i < s->n; i++) {
		const struct mountinfo *m = &s->mounts[i];
		const char *rest = behind(m->point, s->real);
		const struct place its = { m->dev, str_eq(m->root, "/") ? "" : m->root };
		if (!rest || !*rest || str_eq(rest, "/") || !meets(&its, place, false))
			continue;
		if (!containers || s->use != STORE_AS_VOLUME || !is_guests(&its, place))
			return refuse(s, "has mounted below it what leads to", own, err);
	}
	return 0;
}

/* 1: it is a guest's, whose files one may share. */
static int check_one(const struct search *s, const char *own, bool containers, struct err *err)
{
	autoclose int fd = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char real[PATH_LINK_LONGEST + 1];
	struct place place = { 0 };
	autofree char *text = NULL;
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, errno, "open '%s'", own);
	r = find_path(fd, real, err);
	if (r == 0)
		r = find_place(s, fd, real, &place, err);
	text = place.path;
	if (r == 0 && containers && s->use == STORE_AS_VOLUME && s->place.dev && place.dev && is_guests(&s->place, &place))
		return 1;
	if (r == 0)
		r = check_folders(s, own, err);
	if (r < 0 || !place.dev)
		return r;
	if (s->place.dev && meets(&s->place, &place, s->file))
		return refuse(s, "leads to", own, err);
	return check_mounts(s, own, &place, containers, err);
}

static int check_containers(const struct store *store, void *data, struct err *err)
{
	return check_one(data, store->containers, true, err);
}

/* --- all of them
 * ----------------------------------------------------------------------------------------------------------- */

static int open_above(const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *above = strndup(path, slash ? (size_t)(slash + 1 - path) : 0);

	return above ? open(above, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

static int begin(struct search *s, int fd, struct err *err)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? err_sys(err, errno, "look at '%s'", s->given) : read_mounts(s, err);

	if (r == 0)
		r = find_path(fd, s->real, err);
	if (r == 0)
		r = find_place(s, fd, s->real, &s->place, err);
	if (r < 0)
		return r;
	s->file = !S_ISDIR(st.st_mode);
	s->dir = s->file ? open_above(s->real) : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return s->dir < 0 ? err_sys(err, errno, "open the folder of '%s'", s->given) : 0;
}

int store_check_own(int fd, const char *path, const struct store *store, enum store_use use, struct err *err)
{
	const char *const own[] = { store->manager, store->etc, store->manager_run, store->manager_log, store->cache };
	autocall(search_done) struct search s = { .given = path, .use = use, .dir = -1 };
	int r = begin(&s, fd, err);

	if (r == 0)
		r = store_each(store, check_containers, &s, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own); i++)
		r = check_one(&s, own[i], false, err);
	return r < 0 ? r : 0;
}
