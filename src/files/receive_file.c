/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "files/receiver.h"

int receive_file(struct receiver *d, struct err *err)
{
	int r;

	if (d->in_file)
		return receiver_nonsense(err);
	d->file = d->p->head;
	if (d->t->to >= 0) {
		d->in_file = true;
		d->making.fd = d->t->to;
		return 0;
	}
	r = receiver_take_name(d, false, &d->name, err);
	if (r < 0)
		return r;
	d->in_file = true;
	r = make_file(d->t, receiver_top(d), &d->file, &d->making);
	return r < 0 ? receiver_failed(d, r, "make", d->name, err) : 0;
}

int receive_data(struct receiver *d, struct err *err)
{
	int r = d->in_file ? file_write_all(d->making.fd, d->p->body, d->p->n) : -EPROTO;

	if (r == -EPROTO)
		return receiver_nonsense(err);
	return r < 0 ? receiver_failed(d, r, "write", d->name ? d->name : "standard output", err) : 0;
}

int receive_hole(struct receiver *d, struct err *err)
{
	static const char zeros[4096];
	uint64_t left = d->p->head.size;
	int r = 0;

	if (!d->in_file || left > INT64_MAX)
		return receiver_nonsense(err);
	if (d->t->to < 0)
		return lseek(d->making.fd, (off_t)left, SEEK_CUR) < 0 ? receiver_failed(d, -errno, "write", d->name, err)
								      : 0;
	for (; r == 0 && left > 0; left -= left < sizeof zeros ? left : sizeof zeros)
		r = file_write_all(d->making.fd, zeros, left < sizeof zeros ? left : sizeof zeros);
	return r < 0 ? receiver_failed(d, r, "write", "standard output", err) : 0;
}

/* A file system without them goes without. */
int receive_xattr(struct receiver *d, struct err *err)
{
	autofree char *name = strndup(d->p->body, d->p->head.name);
	const char *value = d->p->body + d->p->head.name;
	int fd = d->in_file ? d->making.fd : d->depth ? receiver_top(d) : -1;

	if (!name)
		return err_nomem(err);
	if (fd < 0 || !xattr_is_kept(name))
		return receiver_nonsense(err);
	if (!d->t->preserve || d->t->to >= 0)
		return 0;
	if (fsetxattr(fd, name, value, d->p->n - d->p->head.name, 0) < 0 && errno != EOPNOTSUPP)
		return err_sys(err, errno, "set the attribute '%s' of '%s%s%s'", name, str_text(&d->base),
			       str_text(&d->path), d->name ? d->name : "");
	return 0;
}

void receive_forget(struct receiver *d)
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
		return receiver_nonsense(err);
	return strv_addf(&d->linked, "%s%s", str_text(&d->path), d->name) < 0 ? err_nomem(err) : 0;
}

int receive_close(struct receiver *d, struct err *err)
{
	off_t at;
	int r = 0;

	if (!d->in_file)
		return receiver_nonsense(err);
	if (d->t->to < 0) {
		at = lseek(d->making.fd, 0, SEEK_CUR);
		if (at < 0 || ftruncate(d->making.fd, at) < 0) /* it may end with a hole */
			r = -errno;
		if (r == 0)
			r = make_finish(d->t, d->making.fd, &d->file);
		if (r == 0)
			r = make_named(receiver_top(d), d->making.temporary, d->name);
		if (r < 0)
			return receiver_failed(d, r, "make", d->name, err);
		r = keep_link(d, err);
	}
	receive_forget(d);
	receiver_end_single(d);
	return r;
}
