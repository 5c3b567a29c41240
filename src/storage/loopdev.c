/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/loopdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lock.h"
#include "base/str.h"

#define CONTROL   "/dev/loop-control"
#define ATTEMPTS  100 /* others take devices too */
#define SECTOR    512 /* as file systems and partitions in files are made; what the host's disk has is no matter */
#define NAME_OF   "mgr:"
#define NAME_ROOM (LOOPDEV_NAME - (int)sizeof NAME_OF)

_Static_assert(LOOPDEV_NAME == LO_NAME_SIZE, "loopdev: the name's size");

/* What a device is to be of. */
struct wanted {
	const struct loopdev *what; /* NULL: any part of the file */
	const struct stat *file;    /* NULL: one of that name */
	char *ret_name;             /* may be NULL */
};

typedef bool fits_fn(const struct loop_info64 *info, const struct wanted *w);

static bool is_of_file(const struct loop_info64 *info, const struct wanted *w)
{
	return info->lo_device == w->file->st_dev && info->lo_inode == w->file->st_ino;
}

static bool is_written(const struct loop_info64 *info, const struct wanted *w)
{
	return !(info->lo_flags & LO_FLAGS_READ_ONLY) && is_of_file(info, w);
}

static bool is_shared(const struct loop_info64 *info, const struct wanted *w)
{
	char name[LOOPDEV_NAME];

	if (!(info->lo_flags & LO_FLAGS_READ_ONLY) || info->lo_offset != w->what->offset ||
	    info->lo_sizelimit != w->what->length)
		return false;
	if (w->file)
		return is_of_file(info, w);
	str_print(name, sizeof name, NAME_OF "%.*s", NAME_ROOM, w->what->name);
	return strncmp((const char *)info->lo_file_name, name, sizeof name) == 0;
}

/* In the kernel's list, whose it is. */
static bool look_at(int device, fits_fn *fits, const struct wanted *w)
{
	struct loop_info64 info;

	if (ioctl(device, LOOP_GET_STATUS64, &info) < 0)
		return false;
	info.lo_file_name[LO_NAME_SIZE - 1] = '\0';
	if (!fits(&info, w))
		return false;
	const char *name = (const char *)info.lo_file_name;
	if (w->ret_name)
		str_print(w->ret_name, LOOPDEV_NAME, "%s", name + (str_starts(name, NAME_OF) ? strlen(NAME_OF) : 0));
	return true;
}

/* The first of all devices that fits, open; its number in *ret_n. */
static int find(fits_fn *fits, const struct wanted *w, unsigned *ret_n, struct err *err)
{
	autoclosedir DIR *dir = opendir("/sys/block");
	const struct dirent *entry;
	uint64_t n;

	if (!dir)
		return err_sys(err, errno, "look at the loop devices");
	while ((entry = readdir(dir))) {
		char path[64];
		if (!str_starts(entry->d_name, "loop") || str_uint(entry->d_name + 4, 0, UINT32_MAX, &n) < 0 ||
		    str_print(path, sizeof path, "/dev/%s", entry->d_name) < 0)
			continue;
		autoclose int device = open(path, O_RDONLY | O_CLOEXEC);
		if (device >= 0 && look_at(device, fits, w)) {
			*ret_n = (unsigned)n;
			return steal_fd(&device);
		}
	}
	return err_set(err, ENOENT, "there is no loop device of it");
}

int loopdev_find(int file, char ret_name[LOOPDEV_NAME], struct err *err)
{
	struct stat st;
	unsigned n;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "look at the loop devices");
	return find(is_of_file, &(struct wanted){ .file = &st, .ret_name = ret_name }, &n, err);
}

static bool is_written_of_name(const struct loop_info64 *info, const struct wanted *w)
{
	char name[LOOPDEV_NAME];

	str_print(name, sizeof name, NAME_OF "%.*s", NAME_ROOM, w->what->name);
	return !(info->lo_flags & LO_FLAGS_READ_ONLY) && strncmp((const char *)info->lo_file_name, name, sizeof name) == 0;
}

int loopdev_find_written(const struct loopdev *what, unsigned *ret_n, struct err *err)
{
	return find(is_written_of_name, &(struct wanted){ .what = what }, ret_n, err);
}

int loopdev_find_shared(const struct loopdev *what, int file, unsigned *ret_n, struct err *err)
{
	struct stat st;

	if (file >= 0 && fstat(file, &st) < 0)
		return err_sys(err, errno, "look at the loop devices");
	return find(is_shared, &(struct wanted){ .what = what, .file = file >= 0 ? &st : NULL }, ret_n, err);
}

static int busy(const struct loopdev *what, const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, EBUSY, "'%s' is in use by another program", what->path);
	return err_set(err, EBUSY, "'%s' is in use by '%s': what is in it would be destroyed", what->path, name);
}

/* Of those that have it; "": nobody that tells. */
static void find_name(int file, char name[LOOPDEV_NAME])
{
	autoclose int device = loopdev_find(file, name, NULL);

	if (device < 0)
		name[0] = '\0';
}

/* One that is long has been cut. */
static bool is_same(const char *theirs, const char *name)
{
	return strncmp(theirs, name, NAME_ROOM) == 0;
}

static int lock(const struct loopdev *what, int file, uint64_t deadline, struct err *err)
{
	const int type = what->readonly ? F_RDLCK : F_WRLCK;
	char name[LOOPDEV_NAME] = "";
	int r = lock_take(file, type, 0, 0, 0);

	if (r == -EAGAIN)
		find_name(file, name);
	if (r == -EAGAIN && (!*name || is_same(name, what->name))) /* which has just been let go of, maybe */
		r = lock_take(file, type, 0, 0, deadline);
	if (r == -EAGAIN)
		return busy(what, name, err);
	return r < 0 ? err_sys(err, -r, "lock '%s'", what->path) : 0;
}

/* Others than mgr take no lock: losetup(8), mount -o loop. */
static int refuse_foreign(const struct loopdev *what, int file, struct err *err)
{
	struct stat st;
	unsigned n;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "look at '%s'", what->path);
	autoclose int device = find(is_written, &(struct wanted){ .file = &st }, &n, NULL);
	return device < 0 ? 0
			  : err_set(err, EBUSY,
				    "'%s' is in use by another program, as /dev/loop%u: what is in it would be destroyed; "
				    "unmount that, or losetup -d it",
				    what->path, n);
}

static int open_locked(const struct loopdev *what, uint64_t deadline, struct err *err)
{
	autoclose int file = open(what->path, (what->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (file < 0)
		return err_sys(err, errno, "open '%s'", what->path);
	if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "'%s' is no regular file", what->path);
	return lock(what, file, deadline, err) < 0 ? -err->code : steal_fd(&file);
}

int loopdev_lock(const struct loopdev *what, uint64_t deadline, struct err *err)
{
	autoclose int file = open_locked(what, deadline, err);

	if (file < 0)
		return file;
	return refuse_foreign(what, file, err) < 0 ? -err->code : steal_fd(&file);
}

/* A free one, opened before anybody else: its number. */
static int open_free(int control, int flags, int *ret, struct err *err)
{
	char path[32];
	int n = ioctl(control, LOOP_CTL_GET_FREE);

	if (n < 0)
		return err_sys(err, errno, "find a free loop device");
	str_print(path, sizeof path, "/dev/loop%d", n);
	*ret = open(path, flags | O_CLOEXEC);
	return *ret < 0 ? err_sys(err, errno, "open '%s'", path) : n;
}

int loopdev_attach(const struct loopdev *what, int file, unsigned *ret_n, struct err *err)
{
	struct loop_config config = {
		.fd = (uint32_t)file,
		.block_size = SECTOR,
		.info = { .lo_offset = what->offset,
			  .lo_sizelimit = what->length,
			  /* what the file system above has cached, nobody needs twice */
			  .lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | (what->readonly ? LO_FLAGS_READ_ONLY : 0U) },
	};
	autoclose int control = open(CONTROL, O_RDWR | O_CLOEXEC);

	if (control < 0)
		return err_sys(err, errno, "open '" CONTROL "'");
	str_print((char *)config.info.lo_file_name, LOOPDEV_NAME, NAME_OF "%.*s", NAME_ROOM, what->name);
	for (int i = 0; i < ATTEMPTS; i++) {
		autoclose int device = -1;
		int n = open_free(control, what->readonly ? O_RDONLY : O_RDWR, &device, err);
		if (n < 0)
			return n;
		*ret_n = (unsigned)n;
		if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
			return steal_fd(&device);
		if (errno == EINVAL || errno == ENOTTY)
			return err_sys(err, errno, "make a loop device of '%s' (Linux 5.8 or later is needed)", what->path);
		if (errno != EBUSY)
			return err_sys(err, errno, "make a loop device of '%s'", what->path);
	}
	return err_set(err, EBUSY, "make a loop device of '%s': others take each that is free", what->path);
}

int loopdev_measure(int device, struct err *err)
{
	return ioctl(device, LOOP_SET_CAPACITY) < 0 ? err_sys(err, errno, "measure the loop device") : 0;
}

int loopdev_await_end(const struct loopdev *what, uint64_t deadline, struct err *err)
{
	autoclose int file = open_locked(what, deadline, err);
	char name[LOOPDEV_NAME];

	if (file != -ENOENT && file != -EBUSY)
		return file < 0 ? file : 0;
	if (file == -EBUSY) {
		autoclose int theirs = open(what->path, O_RDONLY | O_CLOEXEC);
		find_name(theirs, name);
		if (!*name || is_same(name, what->name))
			return -EBUSY;
	}
	err_clear(err);
	return 0;
}
