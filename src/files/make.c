/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One object in an open folder. Nothing that is there is opened, and a file has its name only once it is complete. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files/internal.h"

#define TRIES 16

static int make_up_name(char name[static TEMPORARY_NAME])
{
	uint64_t n;

	if (getrandom(&n, sizeof n, 0) != sizeof n)
		return -EIO;
	return str_print(name, TEMPORARY_NAME, ".mgr-%016jx", (uintmax_t)n);
}

/* Changing the owner takes setuid bits and file capabilities away (chown(2)): so it comes first. */
static int set_owner(const struct files_target *t, int fd, const struct record *r)
{
	if (!t->has_owner && !t->preserve)
		return 0;
	return fchown(fd, t->has_owner ? t->uid : r->uid, t->has_owner ? t->gid : r->gid) < 0 ? -errno : 0;
}

int make_file(const struct files_target *t, int folder, const struct record *r, struct making *ret)
{
	mode_t mode = (t->has_mode ? t->mode : (mode_t)r->mode) & 0777;
	int e = -EEXIST;

	for (int i = 0; i < TRIES && e == -EEXIST; i++) {
		e = make_up_name(ret->temporary);
		if (e == 0)
			e = base_open_in(folder, ret->temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
	}
	if (e < 0)
		return e;
	ret->fd = e;
	return set_owner(t, ret->fd, r);
}

int make_finish(const struct files_target *t, int fd, const struct record *r)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = r->mtime, .tv_nsec = (long)r->mtime_ns } };

	if (t->has_mode && r->type == RECORD_FILE) {
		if (fchmod(fd, t->mode & 07777) < 0)
			return -errno;
	} else if (t->preserve && fchmod(fd, r->mode & 07777) < 0) {
		return -errno;
	}
	return t->preserve && futimens(fd, times) < 0 ? -errno : 0;
}

int make_named(int folder, const char *temporary, const char *name)
{
	int e = renameat(folder, temporary, folder, name) < 0 ? -errno : 0;

	if (e < 0)
		unlinkat(folder, temporary, 0);
	return e;
}

int make_symlink(const struct files_target *t, int folder, const char *name, const char *target, const struct record *r)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = r->mtime, .tv_nsec = (long)r->mtime_ns } };
	char temporary[TEMPORARY_NAME];
	int e = make_up_name(temporary);

	if (e < 0)
		return e;
	if (symlinkat(target, folder, temporary) < 0)
		return -errno;
	if (t->has_owner || t->preserve)
		e = fchownat(folder, temporary, t->has_owner ? t->uid : r->uid, t->has_owner ? t->gid : r->gid,
			     AT_SYMLINK_NOFOLLOW) < 0
			    ? -errno
			    : 0;
	if (e == 0 && t->preserve && utimensat(folder, temporary, times, AT_SYMLINK_NOFOLLOW) < 0)
		e = -errno;
	if (e == 0)
		return make_named(folder, temporary, name);
	unlinkat(folder, temporary, 0);
	return e;
}

int make_link(int from_folder, const char *from, int folder, const char *name)
{
	char temporary[TEMPORARY_NAME];
	int e = make_up_name(temporary);

	if (e < 0)
		return e;
	if (linkat(from_folder, from, folder, temporary, 0) < 0)
		return -errno;
	e = make_named(folder, temporary, name);
	unlinkat(folder, temporary, 0); /* rename(2) does nothing when both names are of one file already */
	return e;
}

int make_folder(const struct files_target *t, int folder, const char *name, const struct record *r, bool *ret_new)
{
	autoclose int fd = -1;
	int e;

	*ret_new = mkdirat(folder, name, (r->mode & 0777) | 0700) == 0;
	if (!*ret_new && errno != EEXIST)
		return -errno;
	fd = base_open_in(folder, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd == -ELOOP ? -ENOTDIR : fd;
	e = *ret_new ? set_owner(t, fd, r) : 0;
	return e < 0 ? e : steal_fd(&fd);
}

int make_folder_finish(const struct files_target *t, int fd, const struct record *r)
{
	mode_t missing = ~(mode_t)r->mode & 0700;
	struct stat st;

	if (!t->preserve && missing) { /* the owner's bits, which it had until it was complete */
		if (fstat(fd, &st) < 0 || fchmod(fd, st.st_mode & ~missing & 07777) < 0)
			return -errno;
	}
	return make_finish(t, fd, r);
}
