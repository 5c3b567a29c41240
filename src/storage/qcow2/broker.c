/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/sys.h"
#include "storage/qcow2/chain.h"

enum what { WHAT_OPEN, WHAT_OUTPUT, WHAT_KEEP, WHAT_DELTA, WHAT_MOUNT };

struct request {
	enum what what;
	uint32_t above;
	bool named;
	char name[HEADER_NAME_MAX + 1];
};

/* --- the files ------------------------------------------------------------------------------------------- */

/* Up to the last slash, with it; "" when there is none. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static int allow(struct broker *b, const char *path, struct err *err)
{
	autofree char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, errno, "the folder '%s'", path);
	return strv_add(&b->folders, real) < 0 ? err_nomem(err) : 0;
}

static int allow_folders(struct broker *b, struct err *err)
{
	autofree char *folder = str_fmt("%.*s.", (int)folder_length(b->disk), b->disk);

	if (!folder)
		return err_nomem(err);
	if (allow(b, folder, err) < 0)
		return -err->code;
	for (size_t i = 0; i < b->from.n; i++)
		if (allow(b, b->from.v[i], err) < 0)
			return -err->code;
	return 0;
}

static bool is_allowed(const struct broker *b, const char *real)
{
	for (size_t i = 0; i < b->folders.n; i++) {
		const char *folder = b->folders.v[i];
		const size_t n = str_eq(folder, "/") ? 0 : strlen(folder);
		if (strncmp(real, folder, n) == 0 && real[n] == '/')
			return true;
	}
	return false;
}

/* "nbd:...", "json:{...}", "file:x": QEMU takes what has a colon before any slash for something else than a path. */
static int check_name(const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, EINVAL, "it has no name");
	if (name[strcspn(name, ":/")] == ':')
		return err_set(err, EOPNOTSUPP, "only files of this host can be read, by their path");
	return 0;
}

static int open_file(const char *real, int *ret_fd, struct err *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	autoclose int fd = sys_openat2(AT_FDCWD, real, &how);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open it");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, EINVAL, "it is neither a file nor a block device");
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int open_layer(struct broker *b, const struct request *q, int *ret_fd, struct err *err)
{
	const char *above = q->named && q->above < b->layers.n ? b->layers.v[q->above] : "";
	const int folder = q->named && q->name[0] != '/' ? (int)folder_length(above) : 0;
	autofree char *path = str_fmt("%.*s%s", folder, above, q->named ? q->name : b->disk);
	autofree char *real = NULL;

	if (!path)
		return err_nomem(err);
	if (b->layers.n >= CHAIN_MAX || (q->named ? check_name(q->name, err) : allow_folders(b, err)) < 0)
		return err->code ? -err->code : err_set(err, E2BIG, "there are too many");
	real = realpath(path, NULL);
	if (!real)
		return err_sys(err, errno, "open it");
	if (q->named && !is_allowed(b, real))
		return err_set(err, EACCES, "'%s' is not below the folder of the disk; --backing-from allows another", real);
	if (open_file(real, ret_fd, err) < 0)
		return -err->code;
	return strv_take(&b->layers, steal_ptr(&path)) < 0 ? err_nomem(err) : 0;
}

/* Another name of a file that is read would be emptied before that. */
static int check_output(const struct broker *b, const char *path, int fd, struct err *err)
{
	struct stat st, other;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	for (size_t i = 0; i < b->layers.n; i++)
		if (stat(b->layers.v[i], &other) == 0 && st.st_dev == other.st_dev && st.st_ino == other.st_ino)
			return err_set(err, EINVAL, "'%s' is what is to be read", path);
	return 0;
}

static int open_output(struct broker *b, int *ret_fd, struct err *err)
{
	autoclose int fd = -1;

	if (b->made || !b->output)
		return err_set(err, EINVAL, "there is no output");
	if (str_eq(b->output, "-"))
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(b->output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return err_sys(err, errno, "write '%s'", b->output);
	if (check_output(b, b->output, fd, err) < 0)
		return -err->code;
	b->made = str_eq(b->output, "-") ? NULL : b->output;
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* A new file is one that is there after a power cut when its folder has been synced. */
static int sync_folder(const char *path, struct err *err)
{
	autofree char *folder = str_fmt("%.*s.", (int)folder_length(path), path);
	autoclose int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 || fsync(fd) < 0 ? err_sys(err, errno, "sync its folder") : 0;
}

static int open_delta(struct broker *b, int *ret_fd, struct err *err)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
	autoclose int fd = -1;
	struct stat st;

	if (!b->delta || b->made)
		return err_set(err, EINVAL, "there is no delta");
	fd = open(b->delta, flags | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		b->made = b->delta;
	else if (errno == EEXIST)
		fd = open(b->delta, flags);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open it");
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "it is no file");
	if (check_output(b, b->delta, fd, err) < 0 || (b->made && sync_folder(b->delta, err) < 0))
		return -err->code;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int mount_folder(struct broker *b, struct err *err)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (b->delta ? 0 : MS_RDONLY);
	char options[64];

	if (!b->folder)
		return err_set(err, EINVAL, "there is no folder");
	str_print(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", b->fuse);
	if (mount("mgr-qcow2", b->folder, "fuse.mgr-qcow2", flags, options) < 0)
		return err_sys(err, errno, "mount it on '%s'", b->folder);
	b->folder = NULL; /* once */
	b->made = NULL;
	return 0;
}

/* --- questions and answers ------------------------------------------------------------------------------- */

static int answer(struct broker *b, const struct request *q, int *ret_fd, struct err *err)
{
	switch (q->what) {
	case WHAT_OPEN:
		return open_layer(b, q, ret_fd, err);
	case WHAT_OUTPUT:
		return open_output(b, ret_fd, err);
	case WHAT_KEEP:
		b->made = NULL;
		return 0;
	case WHAT_DELTA:
		return open_delta(b, ret_fd, err);
	case WHAT_MOUNT:
		return mount_folder(b, err);
	}
	return err_set(err, EINVAL, "no such question");
}

static void remove_output(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path);
}

void broker_run(struct broker *b, int sock)
{
	struct request q;
	size_t n;

	while (fd_recv(sock, &q, sizeof q, NULL, 0, &n) == sizeof q) {
		struct err err = { 0 };
		autoclose int fd = -1;
		q.name[sizeof q.name - 1] = '\0';
		answer(b, &q, &fd, &err);
		if (fd_send(sock, &err, sizeof err, &fd, !err.code && fd >= 0) < 0)
			break;
	}
	if (b->made)
		remove_output(b->made);
}

void broker_done(struct broker *b)
{
	strv_done(&b->from);
	strv_done(&b->folders);
	strv_done(&b->layers);
}

static int ask(int sock, const struct request *q, int *ret_fd, struct err *err)
{
	size_t n = 0;
	int r = fd_send(sock, q, sizeof *q, NULL, 0);

	if (r < 0)
		return err_sys(err, -r, "ask for a file");
	if (fd_recv(sock, err, sizeof *err, ret_fd, ret_fd ? 1 : 0, &n) != sizeof *err)
		return err_set(err, EPIPE, "who opens the files is gone");
	if (!err->code && ret_fd && n != 1)
		return err_set(err, EPROTO, "the file did not come");
	return -err->code;
}

int broker_open(void *data, size_t above, const char *name, int *ret_fd, struct err *err)
{
	struct request q = { .what = WHAT_OPEN, .above = (uint32_t)above, .named = name };

	if (name && str_print(q.name, sizeof q.name, "%s", name) < 0)
		return err_set(err, ENAMETOOLONG, "the name of its backing file is too long");
	return ask(*(const int *)data, &q, ret_fd, err);
}

int broker_output(int sock, int *ret_fd, struct err *err)
{
	const struct request q = { .what = WHAT_OUTPUT };

	return ask(sock, &q, ret_fd, err);
}

int broker_keep(int sock, struct err *err)
{
	const struct request q = { .what = WHAT_KEEP };

	return ask(sock, &q, NULL, err);
}

int broker_delta(int sock, int *ret_fd, struct err *err)
{
	const struct request q = { .what = WHAT_DELTA };

	return ask(sock, &q, ret_fd, err);
}

int broker_mount(int sock, struct err *err)
{
	const struct request q = { .what = WHAT_MOUNT };

	return ask(sock, &q, NULL, err);
}
