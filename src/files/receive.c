/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "files/internal.h"

/* A folder that is being filled; the lowest is the one where things were to go. */
struct level {
	int fd;
	bool is_new;
	struct record record;
	size_t path; /* its length, in the text of the path */
};

struct receiver {
	int sock;
	const struct files_target *t;
	struct packet *p;
	struct level levels[FILES_DEPTH + 2];
	size_t depth;
	struct str base;    /* the lowest as the user calls it, for messages; ends with a slash unless "" */
	struct str path;    /* of the folder, below the lowest */
	struct strv linked; /* paths below the lowest folder of files that have other names, by their id - 1 */
	bool in_file;
	struct making making;
	struct record file;
	char *name; /* of the file */
};

static int failed(const struct receiver *d, int e, const char *what, const char *name, struct err *err)
{
	const char *base = str_text(&d->base), *path = d->path.len ? d->path.text : "";

	if (e == -EINVAL && str_starts(what, "make")) /* what the kernel says of an id without a place in the map */
		return err_set(err, EINVAL, "%s '%s%s%s': its owner is not in the container's id map", what, base, path,
			       name);
	return err_sys(err, -e, "%s '%s%s%s'", what, base, path, name);
}

static int nonsense(struct err *err)
{
	return err_set(err, EPROTO, "what was sent makes no sense");
}

/* The names of the packet must not lead out of the folder. */
static bool is_name(const char *name, size_t n)
{
	return n > 0 && n < 256 && strlen(name) == n && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, "..");
}

static void leave(struct receiver *d)
{
	const struct level *l = &d->levels[--d->depth];

	close(l->fd);
	if (d->path.text) {
		d->path.len = l->path;
		d->path.text[l->path] = '\0';
	}
	if (!d->depth)
		strv_clear(&d->linked);
}

static void enter(struct receiver *d, int fd, bool is_new, const struct record *r)
{
	d->levels[d->depth++] = (struct level){ .fd = fd, .is_new = is_new, .record = *r, .path = d->path.len };
}

/* into: the path of the target is the folder; else the folder is what stands before its last component. */
static int name_base(struct receiver *d, bool into)
{
	const char *path = d->t->path;
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		n--;
	while (!into && n > 0 && path[n - 1] != '/')
		n--;
	str_done(&d->base);
	str_addn(&d->base, path, n);
	if (into)
		str_add(&d->base, "/");
	return d->base.failed ? -ENOMEM : 0;
}

/* What comes is in no folder: where does it go? The folder becomes the lowest level. */
static int begin(struct receiver *d, const char *name, bool is_folder, char **ret_name, struct err *err)
{
	struct place place;
	const struct record none = { 0 };
	int r;

	if (d->t->to >= 0)
		return err_set(err, EISDIR, "standard output takes files, no folders");
	r = place_find(d->t, name, is_folder, &place, err);
	if (r < 0) {
		place_done(&place);
		return r;
	}
	enter(d, place.folder, false, &none);
	*ret_name = place.name;
	return name_base(d, place.into) < 0 ? err_nomem(err) : 0;
}

/* The folder and name for what the packet names; *ret_name is allocated. */
static int take_name(struct receiver *d, bool is_folder, char **ret_name, struct err *err)
{
	autofree char *name = strndup(d->p->body, d->p->head.name);

	if (!name)
		return err_nomem(err);
	if (d->p->head.name && !is_name(name, d->p->head.name))
		return nonsense(err);
	if (!d->depth)
		return begin(d, name, is_folder, ret_name, err);
	if (!name[0])
		return nonsense(err);
	*ret_name = steal_ptr(&name);
	return 0;
}

static int top(const struct receiver *d)
{
	return d->levels[d->depth - 1].fd;
}

/* Done with what is in no folder. */
static void end_single(struct receiver *d)
{
	if (d->depth == 1)
		leave(d);
}

static int on_file(struct receiver *d, struct err *err)
{
	int r;

	if (d->in_file)
		return nonsense(err);
	d->file = d->p->head;
	if (d->t->to >= 0) {
		d->in_file = true;
		d->making.fd = d->t->to;
		return 0;
	}
	r = take_name(d, false, &d->name, err);
	if (r < 0)
		return r;
	d->in_file = true;
	r = make_file(d->t, top(d), &d->file, &d->making);
	return r < 0 ? failed(d, r, "make", d->name, err) : 0;
}

static int on_data(struct receiver *d, struct err *err)
{
	int r = d->in_file ? file_write_all(d->making.fd, d->p->body, d->p->n) : -EPROTO;

	if (r == -EPROTO)
		return nonsense(err);
	return r < 0 ? failed(d, r, "write", d->name ? d->name : "standard output", err) : 0;
}

static int on_hole(struct receiver *d, struct err *err)
{
	static const char zeros[4096];
	uint64_t left = d->p->head.size;
	int r = 0;

	if (!d->in_file || left > INT64_MAX)
		return nonsense(err);
	if (d->t->to < 0)
		return lseek(d->making.fd, (off_t)left, SEEK_CUR) < 0 ? failed(d, -errno, "write", d->name, err) : 0;
	for (; r == 0 && left > 0; left -= left < sizeof zeros ? left : sizeof zeros)
		r = file_write_all(d->making.fd, zeros, left < sizeof zeros ? left : sizeof zeros);
	return r < 0 ? failed(d, r, "write", "standard output", err) : 0;
}

/* Of the file, or the folder, that is being made. A file system without them goes without. */
static int on_xattr(struct receiver *d, struct err *err)
{
	autofree char *name = strndup(d->p->body, d->p->head.name);
	const char *value = d->p->body + d->p->head.name;
	int fd = d->in_file ? d->making.fd : d->depth ? top(d) : -1;

	if (!name)
		return err_nomem(err);
	if (fd < 0 || !xattr_is_kept(name))
		return nonsense(err);
	if (!d->t->preserve || d->t->to >= 0)
		return 0;
	if (fsetxattr(fd, name, value, d->p->n - d->p->head.name, 0) < 0 && errno != EOPNOTSUPP)
		return err_sys(err, errno, "set the attribute '%s' of '%s%s%s'", name, str_text(&d->base),
			       str_text(&d->path), d->name ? d->name : "");
	return 0;
}

static void forget_file(struct receiver *d)
{
	if (d->making.fd >= 0 && d->t->to < 0)
		close(d->making.fd);
	d->making.fd = -1;
	d->in_file = false;
	free(d->name);
	d->name = NULL;
}

/* Remember it: its other names may follow. */
static int keep_link(struct receiver *d, struct err *err)
{
	if (!d->file.link || d->depth < 2)
		return 0;
	if (d->file.link != d->linked.n + 1)
		return nonsense(err);
	return strv_addf(&d->linked, "%s%s", str_text(&d->path), d->name) < 0 ? err_nomem(err) : 0;
}

static int on_close(struct receiver *d, struct err *err)
{
	off_t at;
	int r = 0;

	if (!d->in_file)
		return nonsense(err);
	if (d->t->to < 0) {
		at = lseek(d->making.fd, 0, SEEK_CUR);
		if (at < 0 || ftruncate(d->making.fd, at) < 0) /* it may end with a hole */
			r = -errno;
		if (r == 0)
			r = make_finish(d->t, d->making.fd, &d->file);
		if (r == 0)
			r = make_named(top(d), d->making.temporary, d->name);
		if (r < 0)
			return failed(d, r, "make", d->name, err);
		r = keep_link(d, err);
	}
	forget_file(d);
	end_single(d);
	return r;
}

static int on_folder(struct receiver *d, struct err *err)
{
	autofree char *name = NULL;
	bool is_new = false, of_contents = !d->p->head.name && !d->depth;
	int r, fd;

	if (d->in_file || d->depth > FILES_DEPTH)
		return nonsense(err);
	r = take_name(d, true, &name, err);
	if (r < 0)
		return r;
	if (of_contents && !name[0]) /* into a folder that is there */
		fd = fcntl(top(d), F_DUPFD_CLOEXEC, 3);
	else
		fd = make_folder(d->t, top(d), name, &d->p->head, &is_new);
	if (fd < 0)
		return failed(d, fd, "make the folder", name, err);
	enter(d, fd, is_new, &d->p->head);
	if (name[0])
		str_addf(&d->path, "%s/", name);
	return d->path.failed ? err_nomem(err) : 0;
}

static int on_up(struct receiver *d, struct err *err)
{
	const struct level *l;
	int r;

	if (d->in_file || d->depth < 2)
		return nonsense(err);
	l = &d->levels[d->depth - 1];
	r = l->is_new ? make_folder_finish(d->t, l->fd, &l->record) : 0;
	if (r < 0)
		return failed(d, r, "finish the folder", "", err);
	leave(d);
	end_single(d);
	return 0;
}

static int on_symlink(struct receiver *d, struct err *err)
{
	const char *target = d->p->body + d->p->head.name;
	autofree char *name = NULL;
	int r;

	if (d->in_file || !target[0] || d->depth < 2)
		return nonsense(err);
	r = take_name(d, false, &name, err);
	if (r == 0)
		r = make_symlink(d->t, top(d), name, target, &d->p->head);
	return r < 0 && !err->code ? failed(d, r, "make the link", name, err) : r;
}

static int on_link(struct receiver *d, struct err *err)
{
	autofree char *name = NULL, *folder = NULL;
	autoclose int fd = -1;
	const char *from, *slash;
	int r;

	if (d->in_file || d->depth < 2 || d->p->head.link < 1 || d->p->head.link > d->linked.n)
		return nonsense(err);
	r = take_name(d, false, &name, err);
	if (r < 0)
		return r;
	from = d->linked.v[d->p->head.link - 1];
	slash = strrchr(from, '/');
	folder = slash ? strndup(from, (size_t)(slash - from)) : strdup(".");
	if (!folder)
		return err_nomem(err);
	fd = path_open_in_root(d->levels[0].fd, folder, O_PATH | O_DIRECTORY, 0);
	r = fd < 0 ? fd : make_link(fd, slash ? slash + 1 : from, top(d), name);
	return r < 0 ? failed(d, r, "make the hard link", name, err) : 0;
}

static int on_note(struct receiver *d, struct err *err)
{
	struct err line = { 0 };

	(void)err;
	err_set(&line, EIO, "%s", d->p->body); /* no control characters */
	if (d->t->note)
		d->t->note(line.msg, d->t->data);
	return 0;
}

static int on_failed(struct receiver *d, struct err *err)
{
	struct err said;

	if (d->p->n != sizeof said)
		return nonsense(err);
	memcpy(&said, d->p->body, sizeof said);
	return err_set(err, said.code > 0 ? said.code : EIO, "%.*s", (int)sizeof said.msg - 1, said.msg);
}

static int (*const handlers[])(struct receiver *d, struct err *err) = {
	[RECORD_FILE] = on_file,   [RECORD_XATTR] = on_xattr,   [RECORD_DATA] = on_data,     [RECORD_HOLE] = on_hole,
	[RECORD_CLOSE] = on_close, [RECORD_FOLDER] = on_folder, [RECORD_UP] = on_up,         [RECORD_SYMLINK] = on_symlink,
	[RECORD_LINK] = on_link,   [RECORD_NOTE] = on_note,     [RECORD_FAILED] = on_failed,
};

static int receive_all(struct receiver *d, struct err *err)
{
	for (;;) {
		int r = packet_receive(d->sock, d->p, d->t->patience);
		if (r == -ETIMEDOUT)
			return err_set(err, ETIMEDOUT, "nothing came for %u s", (unsigned)(d->t->patience / CLOCK_SECOND));
		if (r < 0)
			return r == -ECONNRESET ? err_set(err, ECONNRESET, "what sends the files has ended early")
						: err_sys(err, -r, "receive");
		if (d->p->head.type == RECORD_END)
			return d->in_file || d->depth ? nonsense(err) : 0;
		if (d->p->head.type >= ARRAY_SIZE(handlers) || !handlers[d->p->head.type])
			return nonsense(err);
		r = handlers[d->p->head.type](d, err);
		if (r < 0)
			return r;
	}
}

/* What is not complete goes. */
static void clean_up(struct receiver *d)
{
	if (d->in_file && d->t->to < 0 && d->making.fd >= 0)
		unlinkat(top(d), d->making.temporary, 0);
	forget_file(d);
	while (d->depth)
		leave(d);
	str_done(&d->base);
	str_done(&d->path);
	strv_done(&d->linked);
}

/* The sender stops at the result, and finds it: reading what it had still sent keeps the socket from being reset. */
static void tell_result(int sock, struct packet *p, uint64_t patience, const struct err *err)
{
	p->head = (struct record){ .type = RECORD_RESULT };
	p->n = sizeof *err;
	memcpy(p->body, err, sizeof *err);
	(void)packet_send(sock, p, patience);
	shutdown(sock, SHUT_RD);
	while (err->code && fd_recv(sock, p, sizeof *p, NULL, 0, NULL) > 0)
		continue;
}

void files_refuse(int sock, const struct err *err)
{
	autofree struct packet *p = malloc(sizeof *p);

	if (p)
		tell_result(sock, p, CLOCK_NEVER, err);
}

int files_receive(int sock, const struct files_target *target, struct err *err)
{
	struct receiver *d = calloc(1, sizeof *d);
	struct err said = { 0 };
	int r;

	if (d)
		d->p = malloc(sizeof *d->p);
	if (!d || !d->p) {
		free(d);
		return err_nomem(err);
	}
	d->sock = sock;
	d->t = target;
	d->making.fd = -1;
	r = receive_all(d, &said);
	clean_up(d);
	tell_result(sock, d->p, target->patience, &said);
	if (r < 0)
		*err = said;
	free(d->p);
	free(d);
	return r;
}
