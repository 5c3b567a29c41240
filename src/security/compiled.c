/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "security/internal.h"

#define COMPILE_TIME (30 * CLOCK_SECOND)

uint64_t compiled_hash(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * UINT64_C(1099511628211);
	return hash;
}

/* What it said on stderr, as one line. */
static int report(int said, int status, struct err *err)
{
	char text[400] = "", how[48];
	ssize_t n = pread(said, text, sizeof text - 1, 0);

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		text[i] = (char)(text[i] == '\n' ? ' ' : text[i]);
	return err_set(err, EINVAL, "%s", n > 0 ? text : proc_status_text(status, how));
}

/* *ret_out: a memfd with what it wrote. */
static int compile(const char *const argv[], int in, int *ret_out, struct err *err)
{
	autoclose int out = memfd_create("compiled", MFD_CLOEXEC), said = memfd_create("stderr", MFD_CLOEXEC);
	const struct proc_fd fds[] = { { out, STDOUT_FILENO }, { said, STDERR_FILENO }, { in, STDIN_FILENO } };
	int status;

	if (out < 0 || said < 0)
		return err_sys(err, errno, "memfd_create");
	pid_t pid = proc_spawn(argv, fds, in < 0 ? 2 : 3, NULL, err);
	if (pid < 0)
		return pid;
	int r = proc_wait(pid, clock_in(COMPILE_TIME), &status, err);
	if (r < 0)
		return r;
	if (status != 0)
		return report(said, status, err);
	*ret_out = steal_fd(&out);
	return 0;
}

int compiled_read(const struct compiled *kind, int fd, void **ret, size_t *ret_bytes, struct err *err)
{
	autofree void *bytes = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "read the %s", kind->what);
	if (!kind->plausible(st.st_size))
		return err_set(err, EINVAL, "the compiled %s is damaged", kind->what);
	bytes = malloc((size_t)st.st_size);
	if (!bytes)
		return err_nomem(err);
	if (pread(fd, bytes, (size_t)st.st_size, 0) != st.st_size)
		return err_sys(err, EIO, "read the %s", kind->what);
	*ret_bytes = (size_t)st.st_size;
	*ret = steal_ptr(&bytes);
	return 0;
}

/* Ours, and whole? */
static int open_cached(const struct compiled *kind, const char *file)
{
	autoclose int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022 ||
	    !kind->plausible(st.st_size))
		return -ENOENT;
	return steal_fd(&fd);
}

static int make(const struct compiled *kind, const char *file, const char *const argv[], int in, struct err *err)
{
	autofree char *folder = strndup(file, (size_t)(strrchr(file, '/') - file));
	autofree void *bytes = NULL;
	autoclose int out = -1;
	size_t n = 0;
	int r = folder ? file_mkdirs_at(AT_FDCWD, folder, 0700, err) : err_nomem(err);

	if (r == 0)
		r = compile(argv, in, &out, err);
	if (r == 0)
		r = compiled_read(kind, out, &bytes, &n, err);
	return r < 0 ? r : file_replace_at(AT_FDCWD, file, bytes, n, 0600, err);
}

int compiled_open(const struct compiled *kind, const char *file, const char *const argv[], int in, int *ret_fd,
		  struct err *err)
{
	*ret_fd = open_cached(kind, file);
	if (*ret_fd >= 0)
		return 0;
	int r = make(kind, file, argv, in, err);
	if (r < 0)
		return r;
	*ret_fd = open_cached(kind, file);
	return *ret_fd < 0 ? err_sys(err, -*ret_fd, "open '%s'", file) : 0;
}
