/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2 disks: mgr-qcow2 shows one as a file in a place that nobody sees, a loop device is made of that, and what mounts the
 * device holds it, and it the file, and that the server: they go by themselves, in that order, with the last who has it
 * mounted. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "storage/disk_server.h"
#include "storage/loopdev.h"

#define NEW        "new" /* in .disk, until it is known which part of the disk it is */
#define PLACE      "d"
#define START_TIME (60 * CLOCK_SECOND)

enum { REPORT_FD = 3, STATUS_FD, LOCK_FD };

/* Several deltas of one container, its snapshots', may be open beside each other on one disk. */
static int look_at_delta(const char *delta, struct stat *ret, struct err *err)
{
	const char *slash = strrchr(delta, '/');
	autofree char *folder = slash ? strndup(delta, (size_t)(slash - delta) + 1) : strdup(".");

	if (!folder)
		return err_nomem(err);
	return stat(folder, ret) < 0 ? err_sys(err, errno, "look at '%s'", folder) : 0;
}

int disk_make_id(const struct disk_serving *s, uint64_t partition, char ret[static DISK_ID_SIZE], struct err *err)
{
	struct stat st;

	if (s->uuid)
		return str_print(ret, DISK_ID_SIZE, "%s", s->uuid);
	if (s->delta ? look_at_delta(s->delta, &st, err) < 0 : fstat(s->file, &st) < 0)
		return s->delta ? -err->code : err_sys(err, errno, "look at the disk");
	return str_print(ret, DISK_ID_SIZE, "%jx-%jx-%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (uintmax_t)partition);
}

int disk_find_device(const struct disk_serving *s, const struct disk *disk, const char *id, unsigned *ret_n)
{
	const struct loopdev what = {
		.path = s->path, .name = id, .offset = disk->offset, .length = disk->length, .readonly = true
	};

	return !s->delta && disk_is_served(s->all, id) ? loopdev_find_shared(&what, -1, ret_n, NULL) : -ENOENT;
}

static int open_lock(int folder, struct err *err)
{
	autoclose int fd = openat(folder, DISK_SERVER, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : lock_take(fd, F_WRLCK, 0, 0, 0);

	return r < 0 ? err_sys(err, -r, "lock '" DISK_SERVER "'") : steal_fd(&fd);
}

/* That it is there, and the state of what the disk stands on. */
static int hear(int from, uint64_t *ret_below, struct err *err)
{
	struct err said = { 0 };
	int r = fd_wait(from, POLLIN, clock_in(START_TIME));

	if (r < 0 || read(from, &said, sizeof said) != sizeof said)
		return err_set(err, EIO, "mgr-qcow2, which is to show it, %s",
			       r == -ETIMEDOUT ? "does not answer" : "has ended early");
	said.msg[sizeof said.msg - 1] = '\0';
	if (said.code)
		return err_set(err, said.code > 0 ? said.code : EIO, "%s", said.msg);
	*ret_below = strtoull(said.msg, NULL, 16);
	return 0;
}

/* What a delta stands on that is one itself they know. */
static int check_below(const struct disk_serving *s, uint64_t now, struct err *err)
{
	return s->looks || !s->disk->below || s->disk->below == now || (s->service && s->service->top)
		       ? 0
		       : err_set(err, ESTALE,
				 "what it stands on has been written since the container was made, or only touched: if all "
				 "in "
				 "it is the same still, 'mgr-images take %s'; else put back what it was",
				 s->path);
}

static int make_words(const struct disk_serving *s, struct strv *argv, struct err *err)
{
	const struct disk_service *service = s->service;
	int r = strv_add(argv, DISK_PROGRAM) | strv_add(argv, "--report=3") | strv_add(argv, "--status=4") |
		strv_add(argv, "--lock=5");

	if (s->disk->from)
		r |= strv_addf(argv, "--backing-from=%s", s->disk->from);
	for (size_t i = 0; service && service->from && i < service->from->n; i++)
		r |= strv_addf(argv, "--backing-from=%s", service->from->v[i]);
	if (s->delta)
		r |= strv_addf(argv, "--delta=%s", s->delta);
	if (service && service->raw)
		r |= strv_add(argv, "--raw");
	if (s->delta && service->size > s->disk->length)
		r |= strv_addf(argv, "--size=%ju", (uintmax_t)(s->disk->offset + service->size));
	r |= strv_add(argv, service && service->top ? service->top : s->path) | strv_add(argv, PLACE);
	return r < 0 ? err_nomem(err) : 0;
}

/* It shows the disk in PLACE, in this process's working folder. */
static int run_server(const struct disk_serving *s, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	autoclose int lock = open_lock(s->folder, err), status = -1, heard = -1, report = -1;
	int pair[2];

	if (lock < 0 || make_words(s, &argv, err) < 0)
		return -err->code;
	status = openat(s->folder, DISK_STATUS, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (status < 0 || mkdir(PLACE, 0700) < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make what mgr-qcow2 needs");
	heard = pair[0];
	report = pair[1];
	const struct proc_fd fds[] = { { report, REPORT_FD }, { status, STATUS_FD }, { lock, LOCK_FD } };
	s->told->server = proc_spawn((const char *const *)argv.v, fds, ARRAY_SIZE(fds), NULL, err);
	close(steal_fd(&report));
	if (s->told->server < 0)
		return s->told->server;
	if (dprintf(lock, "%d\n", (int)s->told->server) < 0)
		return err_sys(err, errno, "write '" DISK_SERVER "'");
	return hear(heard, &s->told->disk.below, err);
}

/* A file of FUSE is for root alone, a device of it for who has it open. */
static int look(const struct disk_serving *s, int shown, struct disk *ret, struct err *err)
{
	const struct loopdev all = { .path = s->path, .name = "look", .readonly = true };
	unsigned n;
	autoclose int device = loopdev_attach(&all, shown, &n, err);

	return device < 0 ? device : disk_look(device, shown, s->path, s->wanted, ret, err);
}

/* One that has grown goes on to the end. */
static int find_end(int shown, struct disk *disk, struct err *err)
{
	struct stat st;

	if (fstat(shown, &st) < 0)
		return err_sys(err, errno, "look at what mgr-qcow2 shows");
	if (disk->length && disk->whole && (uint64_t)st.st_size > disk->whole)
		disk->length = (uint64_t)st.st_size - disk->offset;
	return 0;
}

/* A device of the part that has the root file system; its name is what others find it by. */
static int serve(void *data, struct err *err)
{
	const struct disk_serving *s = data;
	struct disk *disk = &s->told->disk;
	autoclose int shown = -1;
	char id[DISK_ID_SIZE];
	int device;

	*disk = *s->disk;
	if (run_server(s, err) < 0 || check_below(s, disk->below, err) < 0)
		return -err->code;
	shown = open(PLACE "/disk", (s->delta ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (shown < 0)
		return err_sys(err, errno, "open what mgr-qcow2 shows");
	if (s->looks && look(s, shown, disk, err) < 0)
		return -err->code;
	if (disk_make_id(s, disk->partition, id, err) < 0 || (s->delta && find_end(shown, disk, err) < 0))
		return -err->code;
	device = s->looks ? disk_find_device(s, disk, id, &s->told->device) : -ENOENT;
	s->told->shared = device >= 0;
	const struct loopdev what = {
		.path = s->path, .name = id, .offset = disk->offset, .length = disk->length, .readonly = !s->delta
	};
	return device >= 0 ? device : loopdev_attach(&what, shown, &s->told->device, err);
}

/* What is there for nobody: of work on files at rest nobody has seen the end. */
static int sweep(int folder, struct err *err)
{
	int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *e;

	if (!dir)
		return err_sys(err, errno, "list '" DISK_RUN "'");
	while (r == 0 && (e = readdir(dir))) {
		autoclose int one = e->d_name[0] == '.' ? -1 : openat(folder, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (one >= 0 && !disk_is_used(one) && !disk_is_served(folder, e->d_name))
			r = file_remove_tree_at(folder, e->d_name, err);
	}
	return r;
}

/* What has been started is the disk's, unless others have one; one that nobody has any more is about to end. */
static int settle(const struct disk_serving *s, int folder, const char *id, struct err *err)
{
	if (s->told->shared)
		return file_remove_tree_at(folder, NEW, err);
	if (disk_await_end(folder, id, err) < 0 || file_remove_tree_at(folder, id, err) < 0)
		return -err->code;
	return renameat(folder, NEW, folder, id) < 0 ? err_sys(err, errno, "name '%s'", id) : 0;
}

int disk_check_server(struct err *err)
{
	return access(DISK_PROGRAM, X_OK) < 0
		       ? err_set(err, EOPNOTSUPP, "mgr was built without libqcow or libfuse, which qcow2 disks need")
		       : 0;
}

int disk_start_server(struct disk_serving *s, int folder, struct err *err)
{
	autoclose int new = -1, device = -1;
	char id[DISK_ID_SIZE];

	if (disk_check_server(err) < 0)
		return -err->code;
	if (sweep(folder, err) < 0)
		return -err->code;
	if (mkdirat(folder, NEW, 0700) < 0 || (new = openat(folder, NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(err, errno, "make folder '" NEW "'");
	s->folder = new;
	device = mnt_apart(serve, s, err);
	if (device < 0 || disk_make_id(s, s->told->disk.partition, id, err) < 0 || settle(s, folder, id, err) < 0) {
		file_remove_tree_at(folder, NEW, NULL);
		return -err->code;
	}
	return steal_fd(&device);
}
