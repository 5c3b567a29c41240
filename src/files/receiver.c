/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "files/receiver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

int receiver_failed(const struct receiver *d, int e, const char *what, const char *name, struct err *err)
{
	const char *base = str_text(&d->base), *path = d->path.len ? d->path.text : "";

	if (e == -EINVAL && str_starts(what, "make")) /* what the kernel says of an id without a place in the map */
		return err_set(err, EINVAL, "%s '%s%s%s': its owner is not in the container's id map", what, base, path,
			       name);
	return err_sys(err, -e, "%s '%s%s%s'", what, base, path, name);
}

int receiver_nonsense(struct err *err)
{
	return err_set(err, EPROTO, "what was sent makes no sense");
}

/* The names of the packet must not lead out of the folder. */
static bool is_name(const char *name, size_t n)
{
	return n > 0 && n < 256 && strlen(name) == n && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, "..");
}

void receiver_leave(struct receiver *d)
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

void receiver_enter(struct receiver *d, int fd, bool is_new, const struct record *r)
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
	receiver_enter(d, place.folder, false, &none);
	*ret_name = place.name;
	return name_base(d, place.into) < 0 ? err_nomem(err) : 0;
}

int receiver_take_name(struct receiver *d, bool is_folder, char **ret_name, struct err *err)
{
	autofree char *name = strndup(d->p->body, d->p->head.name);

	if (!name)
		return err_nomem(err);
	if (d->p->head.name && !is_name(name, d->p->head.name))
		return receiver_nonsense(err);
	if (!d->depth)
		return begin(d, name, is_folder, ret_name, err);
	if (!name[0])
		return receiver_nonsense(err);
	*ret_name = steal_ptr(&name);
	return 0;
}

int receiver_top(const struct receiver *d)
{
	return d->levels[d->depth - 1].fd;
}

void receiver_end_single(struct receiver *d)
{
	if (d->depth == 1)
		receiver_leave(d);
}
