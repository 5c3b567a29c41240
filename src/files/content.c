/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in a file: its bytes and holes, its extended attributes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files/sender.h"

#define SIZELESS_MOST ((uint64_t)16 << 20) /* of files that say that they have 0 bytes: those of /proc */
#define XATTRS_MOST   65536

bool xattr_is_kept(const char *name)
{
	return str_starts(name, "user.") || str_eq(name, "security.capability") || str_starts(name, "system.posix_acl_");
}

static int send_xattr(struct sender *s, int fd, const char *name, struct err *err)
{
	size_t n = strlen(name);
	ssize_t got;

	if (n > FILES_BODY)
		return 0;
	memcpy(s->p->body, name, n);
	got = fgetxattr(fd, name, s->p->body + n, FILES_BODY - n);
	if (got < 0)
		return errno == ENODATA || errno == EOPNOTSUPP
			       ? 0
			       : err_sys(err, errno, "read the attribute '%s' of '%s'", name, str_text(&s->path));
	s->p->head = (struct record){ .type = RECORD_XATTR, .name = (uint32_t)n };
	s->p->n = n + (size_t)got;
	return sender_put(s, err);
}

int content_send_xattrs(struct sender *s, int fd, struct err *err)
{
	autofree char *names = NULL;
	ssize_t n;
	int r = 0;

	if (!s->src->preserve)
		return 0;
	names = malloc(XATTRS_MOST + 1);
	if (!names)
		return err_nomem(err);
	n = flistxattr(fd, names, XATTRS_MOST);
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : err_sys(err, errno, "list the attributes of '%s'", str_text(&s->path));
	names[n] = '\0';
	for (const char *name = names; r == 0 && name < names + n; name += strlen(name) + 1)
		if (xattr_is_kept(name))
			r = send_xattr(s, fd, name, err);
	return r;
}

/* From where the file is to `end`; stops early where it ends. */
static int send_data(struct sender *s, int fd, uint64_t at, uint64_t end, struct err *err)
{
	while (at < end) {
		size_t wanted = end - at < FILES_BODY ? (size_t)(end - at) : FILES_BODY;
		ssize_t n = read(fd, s->p->body, wanted);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read '%s'", str_text(&s->path));
		if (n == 0)
			return 0;
		s->p->head = (struct record){ .type = RECORD_DATA };
		s->p->n = (size_t)n;
		int r = sender_put(s, err);
		if (r < 0)
			return r;
		at += (size_t)n;
	}
	return 0;
}

/* Holes as holes. What seeking says is the guest's file system's word: taken within the bounds. */
static int send_sparse(struct sender *s, int fd, uint64_t end, struct err *err)
{
	uint64_t at = 0;
	int r = 0;

	while (r == 0 && at < end) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA), hole;
		if (data < 0 || (uint64_t)data > end)
			data = (off_t)end;
		hole = (uint64_t)data < end ? lseek(fd, data, SEEK_HOLE) : data;
		if (hole <= data || (uint64_t)hole > end)
			hole = (off_t)end;
		if ((uint64_t)data > at)
			r = sender_put_record(s, (struct record){ .type = RECORD_HOLE, .size = (uint64_t)data - at }, NULL,
					      NULL, err);
		if (r == 0 && (uint64_t)data < end && lseek(fd, data, SEEK_SET) < 0)
			r = err_sys(err, errno, "read '%s'", str_text(&s->path));
		if (r == 0)
			r = send_data(s, fd, (uint64_t)data, (uint64_t)hole, err);
		at = (uint64_t)hole;
	}
	return r;
}

int content_send(struct sender *s, int fd, const struct stat *st, struct err *err)
{
	uint64_t size = (uint64_t)st->st_size;
	bool is_sparse = size > 0 && (uint64_t)st->st_blocks * 512 < size;

	if (!S_ISREG(st->st_mode))
		return send_data(s, fd, 0, UINT64_MAX, err);
	if (is_sparse && lseek(fd, 0, SEEK_DATA) < 0 && errno != ENXIO) /* the file system knows nothing of holes */
		is_sparse = false;
	return is_sparse ? send_sparse(s, fd, size, err) : send_data(s, fd, 0, size ? size : SIZELESS_MOST, err);
}
