/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys.h"

#define LITTLE (1 << 20) /* bytes: a file system with no more is full */

int file_read_fd(int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	autocall(str_done) struct str s = { 0 };
	char buf[4096];
	ssize_t n;

	for (;;) {
		n = read(fd, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (s.len + (size_t)n > max)
			return err_set(err, EFBIG, "read '%s': longer than %zu bytes", what, max);
		str_addn(&s, buf, (size_t)n);
	}
	if (n < 0)
		return err_sys(err, errno, "read '%s'", what);
	if (ret_len)
		*ret_len = s.len;
	*ret = str_steal(&s);
	return *ret ? 0 : err_nomem(err);
}

int file_read_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : file_read_fd(fd, path, max, ret, ret_len, err);
}

int file_read_lines_at(int dirfd, const char *path, size_t max, struct strv *ret, struct err *err)
{
	autofree char *text = NULL;
	char *save = NULL;
	int r = file_read_at(dirfd, path, max, &text, NULL, err);

	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strv_add(ret, line) < 0)
			return err_nomem(err);
	return r;
}

int file_read_small_at(int dirfd, const char *path, char *buf, size_t size, struct err *err)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n < 0)
		return err_sys(err, errno, "read '%s'", path);
	if (len == size)
		return err_set(err, ENOBUFS, "read '%s': longer than %zu bytes", path, size - 1);
	while (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return (int)len;
}

int file_write_at(int dirfd, const char *path, const char *text, struct err *err)
{
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = strlen(text);
	ssize_t done;

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	do
		done = write(fd, text, n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return err_sys(err, errno, "write '%s' to '%s'", text, path);
	return (size_t)done == n ? 0 : err_set(err, EIO, "write '%s' to '%s': cut short", text, path);
}

int file_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int sync_folder_of(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	autoclose int fd = -1;

	if (!folder)
		return -ENOMEM;
	fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return errno == EINVAL ? 0 : -errno;
	return 0;
}

int file_replace_at(int dirfd, const char *path, const void *bytes, size_t n, mode_t mode, struct err *err)
{
	autofree char *tmp = str_fmt("%s.%d.new", path, (int)getpid());
	autoclose int fd = -1;
	int r;

	if (!tmp)
		return err_nomem(err);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(err, errno, "create '%s'", tmp);
	r = file_write_all(fd, bytes, n);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || renameat(dirfd, tmp, dirfd, path) < 0))
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return err_sys(err, -r, "write '%s'", path);
	}
	r = sync_folder_of(dirfd, path);
	return r < 0 ? err_sys(err, -r, "sync the folder of '%s'", path) : 0;
}

int file_sync_system(int folder, struct err *err)
{
	autoclose int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? err_sys(err, errno, "write it to disk") : 0;
}

bool file_is_full(int folder)
{
	autoclose int fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int r = fd < 0 ? errno : posix_fallocate(fd, 0, LITTLE);

	return r == ENOSPC || r == EDQUOT;
}

int file_mkdirs_at(int dirfd, const char *path, mode_t mode, struct err *err)
{
	autofree char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return err_nomem(err);
	for (char *p = copy + 1;; p++) {
		if (*p != '/' && *p)
			continue;
		char was = *p;
		*p = '\0';
		if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder '%s'", copy);
		*p = was;
		if (!was)
			break;
	}
	if (fstatat(dirfd, copy, &st, 0) < 0)
		return err_sys(err, errno, "make folder '%s'", path);
	return S_ISDIR(st.st_mode) ? 0 : err_set(err, ENOTDIR, "'%s' is in the way: not a folder", path);
}

/* The path of what fd has open; NULL when it has none any longer. */
static char *path_of(int fd, const struct stat *st)
{
	static const char gone[] = " (deleted)"; /* proc_pid_fd(5) */
	char link[32], target[1024];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof target - 1);
	if (n <= 0 || n == sizeof target - 1)
		return NULL;
	target[n] = '\0';
	if (st->st_nlink == 0 && str_ends(target, gone))
		target[(size_t)n - strlen(gone)] = '\0';
	return strdup(target);
}

void file_rotate(int fd, uint64_t max)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_nlink > 0 && (max == 0 || (uint64_t)st.st_size <= max))
		return;
	autofree char *path = path_of(fd, &st), *aside = path ? str_fmt("%s.1", path) : NULL;
	if (!aside || (st.st_nlink > 0 && rename(path, aside) < 0))
		return;
	autoclose int fresh = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fresh >= 0)
		dup3(fresh, fd, O_CLOEXEC);
}
