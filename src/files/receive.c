/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/path.h"
#include "files/receiver.h"

static int on_folder(struct receiver *d, struct err *err)
{
	autofree char *name = NULL;
	bool is_new = false, of_contents = !d->p->head.name && !d->depth;
	int r, fd;

	if (d->in_file || d->depth > FILES_DEPTH)
		return receiver_nonsense(err);
	r = receiver_take_name(d, true, &name, err);
	if (r < 0)
		return r;
	if (of_contents && !name[0]) /* into a folder that is there */
		fd = fcntl(receiver_top(d), F_DUPFD_CLOEXEC, 3);
	else
		fd = make_folder(d->t, receiver_top(d), name, &d->p->head, &is_new);
	if (fd < 0)
		return receiver_failed(d, fd, "make the folder", name, err);
	receiver_enter(d, fd, is_new, &d->p->head);
	if (name[0])
		str_addf(&d->path, "%s/", name);
	return d->path.failed ? err_nomem(err) : 0;
}

static int on_up(struct receiver *d, struct err *err)
{
	const struct level *l;
	int r;

	if (d->in_file || d->depth < 2)
		return receiver_nonsense(err);
	l = &d->levels[d->depth - 1];
	r = l->is_new ? make_folder_finish(d->t, l->fd, &l->record) : 0;
	if (r < 0)
		return receiver_failed(d, r, "finish the folder", "", err);
	receiver_leave(d);
	receiver_end_single(d);
	return 0;
}

static int on_symlink(struct receiver *d, struct err *err)
{
	const char *target = d->p->body + d->p->head.name;
	autofree char *name = NULL;
	int r;

	if (d->in_file || !target[0] || d->depth < 2)
		return receiver_nonsense(err);
	r = receiver_take_name(d, false, &name, err);
	if (r == 0)
		r = make_symlink(d->t, receiver_top(d), name, target, &d->p->head);
	return r < 0 && !err->code ? receiver_failed(d, r, "make the link", name, err) : r;
}

static int on_link(struct receiver *d, struct err *err)
{
	autofree char *name = NULL, *folder = NULL;
	autoclose int fd = -1;
	const char *from, *slash;
	int r;

	if (d->in_file || d->depth < 2 || d->p->head.link < 1 || d->p->head.link > d->linked.n)
		return receiver_nonsense(err);
	r = receiver_take_name(d, false, &name, err);
	if (r < 0)
		return r;
	from = d->linked.v[d->p->head.link - 1];
	slash = strrchr(from, '/');
	folder = slash ? strndup(from, (size_t)(slash - from)) : strdup(".");
	if (!folder)
		return err_nomem(err);
	fd = path_open_in_root(d->levels[0].fd, folder, O_PATH | O_DIRECTORY, 0);
	r = fd < 0 ? fd : make_link(fd, slash ? slash + 1 : from, receiver_top(d), name);
	return r < 0 ? receiver_failed(d, r, "make the hard link", name, err) : 0;
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
		return receiver_nonsense(err);
	memcpy(&said, d->p->body, sizeof said);
	return err_set(err, said.code > 0 ? said.code : EIO, "%.*s", (int)sizeof said.msg - 1, said.msg);
}

static int (*const handlers[])(struct receiver *d, struct err *err) = {
	[RECORD_FILE] = receive_file, [RECORD_XATTR] = receive_xattr, [RECORD_DATA] = receive_data,
	[RECORD_HOLE] = receive_hole, [RECORD_CLOSE] = receive_close, [RECORD_FOLDER] = on_folder,
	[RECORD_UP] = on_up,          [RECORD_SYMLINK] = on_symlink,  [RECORD_LINK] = on_link,
	[RECORD_NOTE] = on_note,      [RECORD_FAILED] = on_failed,
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
			return d->in_file || d->depth ? receiver_nonsense(err) : 0;
		if (d->p->head.type >= ARRAY_SIZE(handlers) || !handlers[d->p->head.type])
			return receiver_nonsense(err);
		r = handlers[d->p->head.type](d, err);
		if (r < 0)
			return r;
	}
}

/* What is not complete goes. */
static void clean_up(struct receiver *d)
{
	if (d->in_file && d->t->to < 0 && d->making.fd >= 0)
		unlinkat(receiver_top(d), d->making.temporary, 0);
	receive_forget(d);
	while (d->depth)
		receiver_leave(d);
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
