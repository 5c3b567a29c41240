/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a tree that its owner may change meanwhile, on purpose too: nothing is opened before it has been looked at, by a
 * descriptor that goes on meaning the same object, and no file is read beyond the size that it had. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "files/sender.h"

struct linked {
	dev_t dev;
	ino_t ino;
	uint64_t id;
};

static int send_tree(struct sender *s, int fd, const char *name, const struct stat *st, struct err *err);

static const char *type_name(mode_t mode)
{
	return S_ISFIFO(mode) ? "fifo" : S_ISSOCK(mode) ? "socket" : "device node";
}

static struct record record_of(enum record_type type, const struct stat *st)
{
	return (struct record){
		.type = type,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
	};
}

static int leave_out(struct sender *s, const char *what, struct err *err)
{
	struct err line = { 0 };

	err_set(&line, EIO, "'%s' is left out: %s", str_text(&s->path), what);
	if (!s->src->note)
		return sender_put_record(s, (struct record){ .type = RECORD_NOTE }, NULL, line.msg, err);
	s->src->note(line.msg, s->src->data);
	return 0;
}

static int send_stream(struct sender *s, int fd, const char *name, struct record head, const struct stat *st,
		       struct err *err)
{
	int r = sender_put_record(s, head, name, NULL, err);

	if (r == 0)
		r = content_send(s, fd, st, err);
	if (r == 0 && S_ISREG(st->st_mode))
		r = content_send_xattrs(s, fd, err); /* after the content: writing takes file capabilities away */
	return r < 0 ? r : sender_put_record(s, (struct record){ .type = RECORD_CLOSE }, NULL, NULL, err);
}

static int compare(const void *a, const void *b)
{
	const struct linked *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->dev == y->dev ? 0 : x->dev < y->dev ? -1 : 1;
}

/* The id of a file with several names: *ret_known when one of them has been sent. */
static int find_linked(struct sender *s, const struct stat *st, uint64_t *ret_id, bool *ret_known, struct err *err)
{
	struct linked *new = malloc(sizeof *new), **found;

	if (!new)
		return err_nomem(err);
	*new = (struct linked){ .dev = st->st_dev, .ino = st->st_ino, .id = s->n_linked + 1 };
	found = tsearch(new, &s->linked, compare);
	if (!found) {
		free(new);
		return err_nomem(err);
	}
	*ret_known = *found != new;
	*ret_id = (*found)->id;
	if (*ret_known)
		free(new);
	else
		s->n_linked++;
	return 0;
}

static int send_file(struct sender *s, int at, const char *name, const struct stat *looked, struct err *err)
{
	struct record head = record_of(RECORD_FILE, looked);
	autoclose int fd = -1;
	struct stat st;
	bool known = false;
	int r = 0;

	if (s->depth && looked->st_nlink > 1)
		r = find_linked(s, looked, &head.link, &known, err);
	if (r < 0)
		return r;
	if (known)
		return sender_put_record(s, (struct record){ .type = RECORD_LINK, .link = head.link }, name, NULL, err);
	/* O_NONBLOCK: a guest may have a lease on it (fcntl(2)) */
	fd = fd_reopen(s->src->base.self, at, O_RDONLY | (S_ISREG(looked->st_mode) ? O_NONBLOCK : 0));
	if (fd < 0)
		return err_sys(err, -fd, "open '%s'", str_text(&s->path));
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", str_text(&s->path));
	return send_stream(s, fd, name, head, &st, err);
}

static int send_symlink(struct sender *s, int fd, const char *name, const struct stat *st, struct err *err)
{
	char target[PATH_LINK_LONGEST + 1];
	ssize_t n = readlinkat(fd, "", target, PATH_LINK_LONGEST);

	if (n < 0)
		return err_sys(err, errno, "read the link '%s'", str_text(&s->path));
	target[n] = '\0';
	return sender_put_record(s, record_of(RECORD_SYMLINK, st), name, target, err);
}

/* What the kernel makes up as it is read: no use elsewhere, and no end to some of it. */
static bool is_kernels(int fd)
{
	static const unsigned long magics[] = { PROC_SUPER_MAGIC,    SYSFS_MAGIC,        CGROUP_SUPER_MAGIC,
						CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, SECURITYFS_MAGIC,
						DEBUGFS_MAGIC,       TRACEFS_MAGIC,      BPF_FS_MAGIC,
						BINFMTFS_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if ((unsigned long)fs.f_type == magics[i])
			return true;
	return false;
}

static int send_entry(struct sender *s, int folder, const struct stat *parent, const char *name, struct err *err)
{
	autoclose int fd = base_open_in(folder, name, O_PATH, 0);
	size_t before = s->path.len;
	struct stat st;
	int r;

	if (fd == -ENOENT) /* gone since the folder was read */
		return 0;
	str_addf(&s->path, str_ends(str_text(&s->path), "/") ? "%s" : "/%s", name);
	if (s->path.failed)
		return err_nomem(err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, fd < 0 ? -fd : errno, "look at '%s'", s->path.text);
	if (st.st_dev != parent->st_dev && is_kernels(fd))
		r = leave_out(s, "it is the kernel's own file system", err);
	else
		r = send_tree(s, fd, name, &st, err);
	s->path.len = before;
	s->path.text[before] = '\0';
	return r;
}

static int send_entries(struct sender *s, DIR *dir, const struct stat *st, struct err *err)
{
	const struct dirent *entry;
	int r = 0;

	for (errno = 0; r == 0 && (entry = readdir(dir)); errno = 0)
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			r = send_entry(s, dirfd(dir), st, entry->d_name, err);
	if (r == 0 && errno)
		return err_sys(err, errno, "read the folder '%s'", str_text(&s->path));
	return r;
}

static int send_folder(struct sender *s, int at, const char *name, const struct stat *st, struct err *err)
{
	autoclosedir DIR *dir = NULL;
	int fd, r;

	if (s->depth >= FILES_DEPTH)
		return err_set(err, ELOOP, "'%s': more than %d folders in each other", str_text(&s->path), FILES_DEPTH);
	fd = fd_reopen(s->src->base.self, at, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return err_sys(err, -fd, "open the folder '%s'", str_text(&s->path));
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_nomem(err);
	}
	r = sender_put_record(s, record_of(RECORD_FOLDER, st), name, NULL, err);
	s->depth++;
	if (r == 0)
		r = send_entries(s, dir, st, err);
	s->depth--;
	if (r == 0)
		r = content_send_xattrs(s, fd, err);
	return r < 0 ? r : sender_put_record(s, (struct record){ .type = RECORD_UP }, NULL, NULL, err);
}

static int send_tree(struct sender *s, int fd, const char *name, const struct stat *st, struct err *err)
{
	struct err line = { 0 };

	if (S_ISREG(st->st_mode))
		return send_file(s, fd, name, st, err);
	if (S_ISDIR(st->st_mode))
		return send_folder(s, fd, name, st, err);
	if (S_ISLNK(st->st_mode))
		return send_symlink(s, fd, name, st, err);
	err_set(&line, EINVAL, "it is a %s", type_name(st->st_mode));
	return leave_out(s, line.msg, err);
}

/* The last component, "" for what has none of its own ("/", "a/.."). */
static char *last_name(const char *path)
{
	size_t end = strlen(path), at;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (at = end; at > 0 && path[at - 1] != '/';)
		at--;
	if ((end - at == 1 && path[at] == '.') || (end - at == 2 && strncmp(path + at, "..", 2) == 0))
		return strdup("");
	return strndup(path + at, end - at);
}

static int send_standard_input(struct sender *s, struct err *err)
{
	const struct record head = { .type = RECORD_FILE, .mode = 0644 };
	struct stat st;

	if (fstat(s->src->from, &st) < 0)
		return err_sys(err, errno, "read standard input");
	if (S_ISDIR(st.st_mode))
		return err_sys(err, EISDIR, "read standard input");
	st.st_mode = S_IFIFO; /* to its end, wherever it stands */
	return send_stream(s, s->src->from, "", head, &st, err);
}

/* One path of the user's. */
static int send_path(struct sender *s, const char *path, struct err *err)
{
	autofree char *name = last_name(path);
	autoclose int fd = -1;
	struct stat st;

	str_done(&s->path);
	str_add(&s->path, path);
	if (s->path.failed || !name)
		return err_nomem(err);
	if (s->src->from >= 0 && str_eq(path, "-"))
		return send_standard_input(s, err);
	tdestroy(s->linked, free);
	s->linked = NULL;
	s->n_linked = 0;
	fd = base_open(&s->src->base, path, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, fd < 0 ? -fd : errno, "open '%s'", path);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return send_tree(s, fd, name, &st, err);
	if (!s->src->base.inside && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return send_file(s, fd, name, &st, err);
	return err_set(err, EINVAL, "'%s' is a %s, which is not read", path, type_name(st.st_mode));
}

static int send_all(struct sender *s, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->src->paths->n; i++)
		r = send_path(s, s->src->paths->v[i], err);
	if (r == 0)
		r = sender_put_record(s, (struct record){ .type = RECORD_END }, NULL, NULL, err);
	return r < 0 ? r : sender_take_result(s, err);
}

/* So that the other side clears away what it has begun. */
static void tell_failure(struct sender *s, const struct err *err)
{
	if (err->code == ETIMEDOUT)
		return;
	s->p->head = (struct record){ .type = RECORD_FAILED };
	s->p->n = sizeof *err;
	memcpy(s->p->body, err, sizeof *err);
	if (packet_send(s->sock, s->p, s->patience) == 0)
		(void)packet_receive(s->sock, s->p, s->patience);
}

int files_send(int sock, const struct files_source *source, uint64_t patience, struct err *err)
{
	struct sender s = { .sock = sock, .src = source, .patience = patience, .p = malloc(sizeof *s.p) };
	int r;

	if (!s.p)
		return err_nomem(err);
	r = send_all(&s, err);
	if (r < 0)
		tell_failure(&s, err);
	tdestroy(s.linked, free);
	str_done(&s.path);
	free(s.p);
	return r;
}
