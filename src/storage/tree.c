/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole tree once more. Not by cp(1), which knows no folder that lies deeper than a path can tell: a guest would have its
 * container never copied. */
#include "storage/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/walk.h"
#include "storage/internal.h"

struct copying {
	struct tree_copying files;
	int from, top;   /* the trees' folders */
	int to;          /* the one that is filled */
	unsigned levels; /* of it below the top */
	int links;       /* a folder in the top: of each file with several names the first copy, called by its inode; -1 */
	char *hidden;    /* its name, which none in the tree has */
};

/* --- several names of one file -------------------------------------------------------------------------------------------
 */

static int make_links(struct copying *c, struct err *err)
{
	for (unsigned i = 0; c->links < 0; i++) {
		free(c->hidden);
		c->hidden = str_fmt(".mgr-links-%u", i);
		if (!c->hidden)
			return err_nomem(err);
		if (faccessat(c->from, c->hidden, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (mkdirat(c->top, c->hidden, 0700) < 0 ||
		    (c->links = openat(c->top, c->hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
			return err_sys(err, errno, "make a folder for links");
	}
	return 0;
}

/* A file can have no more names than the original: then the one that is kept becomes the last. */
static int link_kept(struct copying *c, const char *kept, const char *name)
{
	if (linkat(c->links, kept, c->to, name, 0) == 0)
		return 0;
	return errno != EMLINK || renameat(c->links, kept, c->to, name) < 0 ? -errno : 0;
}

static int copy_linked(struct copying *c, const struct tree_at *from, const struct stat *st, struct err *err)
{
	autofree char *kept = str_fmt("%jx-%jx", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	int r = kept ? make_links(c, err) : err_nomem(err);

	if (r == 0 && faccessat(c->links, kept, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = tree_copy_one(&c->files, from, &(struct tree_at){ c->links, kept }, st, err);
	if (r < 0)
		return r;
	r = link_kept(c, kept, from->name);
	return r < 0 ? walk_fail(from->at, from->name, -r, "copy", err) : 0;
}

/* --- the tree ------------------------------------------------------------------------------------------------------------
 */

static int copy_file(void *data, int at, const char *name, const struct stat *st, struct err *err)
{
	struct copying *c = data;
	const struct tree_at from = { at, name }, to = { c->to, name };

	debug_point("tree", "file");
	if (proc_is_to_end())
		return err_set(err, EINTR, "interrupted");
	return st->st_nlink > 1 ? copy_linked(c, &from, st, err) : tree_copy_one(&c->files, &from, &to, st, err);
}

static int go(struct copying *c, const char *name, struct err *err)
{
	int fd = openat(c->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return walk_fail(c->to, name, errno, "open the copy", err);
	close(c->to);
	c->to = fd;
	return 0;
}

/* Its own is what root alone may enter until it is whole. */
static int enter(void *data, const char *name, const struct stat *st, struct err *err)
{
	struct copying *c = data;

	(void)st;
	if (mkdirat(c->to, name, 0700) < 0)
		return walk_fail(c->to, name, errno, "make the copy", err);
	c->levels++;
	return go(c, name, err);
}

static int leave(void *data, int fd, const struct stat *st, struct err *err)
{
	struct copying *c = data;
	int r = c->levels == 0 && c->links >= 0 ? file_remove_tree_at(c->top, c->hidden, err) : 0;

	if (r == 0)
		r = tree_copy_folder(fd, c->to, st, NULL, err);
	if (r < 0 || c->levels == 0)
		return r;
	c->levels--;
	return go(c, "..", err);
}

/* Nothing but a place to mount on. */
static int mounted(void *data, const char *name, const struct stat *st, struct err *err)
{
	const struct copying *c = data;

	if (mkdirat(c->to, name, 0700) < 0 || fchownat(c->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(c->to, name, st->st_mode & 07777, 0) < 0)
		return walk_fail(c->to, name, errno, "make the copy", err);
	return 0;
}

static const struct walk copying = { .file = copy_file, .enter = enter, .leave = leave, .mounted = mounted };

/* The new tree's top may be there. */
static int open_top(int to, const char *name, struct err *err)
{
	int fd = mkdirat(to, name, 0700) < 0 && errno != EEXIST
			 ? -1
			 : openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "make the copy") : fd;
}

/* Of what is mounted in it on the host nothing belongs to it. */
int storage_copy_tree(int from, int to, const char *name, struct err *err)
{
	autoclose int bare = mnt_is_old() ? -1 : mnt_copy(from, false), top = open_top(to, name, err);
	struct copying c = { .from = bare < 0 ? from : bare, .top = top, .to = -1, .links = -1 };
	int r = top < 0 ? top : 0;

	if (r == 0 && (c.to = fcntl(top, F_DUPFD_CLOEXEC, 0)) < 0)
		r = err_sys(err, errno, "copy it");
	if (r == 0 && !(c.files.buf = malloc(TREE_BUFFER)))
		r = err_nomem(err);
	if (r == 0)
		r = walk_tree(c.from, &copying, &c, err);
	if (c.to >= 0)
		close(c.to);
	if (c.links >= 0)
		close(c.links);
	free(c.hidden);
	free(c.files.buf);
	return r;
}
