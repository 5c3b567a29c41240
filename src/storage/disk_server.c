/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2 disks: mgr-qcow2 shows one as a file in a place that nobody sees, a loop device is made of that, and what mounts the
 * device holds it, and it the file, and that the server: they go by themselves, in that order, with the last who has it
 * mounted. /run/mgr/.disk/ID/ has what is known of one:
 *
 *     server      locked by it to its end
 *     status      what it says then
 *     use         locked by each run of a container on it */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "storage/disk_internal.h"
#include "storage/fs.h"
#include "storage/loopdev.h"

#define PROGRAM    MGR_BINDIR "/mgr-qcow2"
#define NEW        "new" /* in .disk, until it is known which part of the disk it is */
#define SERVER     "server"
#define STATUS     "status"
#define USE        "use"
#define PLACE      "d"
#define START_TIME (60 * CLOCK_SECOND)
#define END_TIME   (5 * CLOCK_SECOND) /* somebody may still work on files at rest */
#define ID_SIZE    64

enum { REPORT_FD = 3, STATUS_FD, LOCK_FD };

struct serving {
	const char *path;  /* of the disk */
	const char *delta; /* a file for what is written, or NULL */
	const char *uuid;  /* then: whose it is, and the server's */
	const struct strv *options;
	const struct disk *disk; /* what is known of it */
	int file;                /* it, open */
	bool looks;              /* where its root file system is has to be found */
	int64_t wanted;          /* then: which */
	int folder;              /* .disk/new */
	struct told {
		pid_t server;
		unsigned device;  /* /dev/loopN */
		struct disk disk; /* but for `from` */
	} * told;                 /* by the process that has the server's place; shared with it */
};

static int make_id(const struct serving *s, uint64_t partition, char ret[static ID_SIZE], struct err *err)
{
	struct stat st;

	if (s->uuid)
		return str_print(ret, ID_SIZE, "%s", s->uuid);
	if (fstat(s->file, &st) < 0)
		return err_sys(err, errno, "look at the disk");
	return str_print(ret, ID_SIZE, "%jx-%jx-%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (uintmax_t)partition);
}

/* --- a server -----------------------------------------------------------------------------------------------------------
 */

static int open_lock(int folder, struct err *err)
{
	autoclose int fd = openat(folder, SERVER, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : lock_take(fd, F_WRLCK, 0, 0, 0);

	return r < 0 ? err_sys(err, -r, "lock '" SERVER "'") : steal_fd(&fd);
}

/* That it is there, and the state of what the disk stands on. */
static int hear(int from, uint64_t *ret_below, struct err *err)
{
	struct err said = { 0 };
	int r = fd_wait(from, POLLIN, clock_in(START_TIME));

	if (r < 0 || read(from, &said, sizeof said) != sizeof said)
		return err_set(err, EIO, "mgr-qcow2, which is to show it, %s",
			       r == -ETIMEDOUT ? "does not answer" : "has ended early");
	if (said.code && err)
		*err = said;
	said.msg[sizeof said.msg - 1] = '\0';
	*ret_below = strtoull(said.msg, NULL, 16);
	return -said.code;
}

static int check_below(const struct serving *s, uint64_t now, struct err *err)
{
	return s->looks || !s->disk->below || s->disk->below == now
		       ? 0
		       : err_set(err, ESTALE, "what it stands on has been written since the container was made");
}

/* It shows the disk in PLACE, in this process's working folder. */
static int run_server(const struct serving *s, struct err *err)
{
	const char *argv[11] = { PROGRAM, "--report=3", "--status=4", "--lock=5" };
	size_t n = 4;
	autoclose int lock = open_lock(s->folder, err), status = -1, heard = -1, report = -1;
	int pair[2];

	if (s->disk->from) {
		argv[n++] = "--backing-from";
		argv[n++] = s->disk->from;
	}
	if (s->delta) {
		argv[n++] = "--delta";
		argv[n++] = s->delta;
	}
	argv[n++] = s->path;
	argv[n] = PLACE;
	if (lock < 0)
		return lock;
	status = openat(s->folder, STATUS, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (status < 0 || mkdir(PLACE, 0700) < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make what mgr-qcow2 needs");
	heard = pair[0];
	report = pair[1];
	const struct proc_fd fds[] = { { report, REPORT_FD }, { status, STATUS_FD }, { lock, LOCK_FD } };
	s->told->server = proc_spawn(argv, fds, ARRAY_SIZE(fds), NULL, err);
	close(steal_fd(&report));
	return s->told->server < 0 ? s->told->server : hear(heard, &s->told->disk.below, err);
}

/* A file of FUSE is for root alone, a device of it for who has it open. */
static int look(const struct serving *s, int shown, struct disk *ret, struct err *err)
{
	const struct loopdev all = { .path = s->path, .name = "look", .readonly = true };
	unsigned n;
	autoclose int device = loopdev_attach(&all, shown, &n, err);

	return device < 0 ? device : disk_look(device, shown, s->path, s->wanted, ret, err);
}

/* A device of the part that has the root file system; its name is what others find it by. */
static int serve(void *data, struct err *err)
{
	const struct serving *s = data;
	struct disk *disk = &s->told->disk;
	autoclose int shown = -1;
	char id[ID_SIZE];

	*disk = *s->disk;
	if (run_server(s, err) < 0 || check_below(s, disk->below, err) < 0)
		return -err->code;
	shown = open(PLACE "/disk", (s->delta ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (shown < 0)
		return err_sys(err, errno, "open what mgr-qcow2 shows");
	if (s->looks && look(s, shown, disk, err) < 0)
		return -err->code;
	if (make_id(s, disk->partition, id, err) < 0)
		return -err->code;
	const struct loopdev what = {
		.path = s->path, .name = id, .offset = disk->offset, .length = disk->length, .readonly = !s->delta
	};
	return loopdev_attach(&what, shown, &s->told->device, err);
}

/* --- the one of all -----------------------------------------------------------------------------------------------------
 */

static bool is_served(int folder, const char *id)
{
	autofree char *path = str_fmt("%s/" SERVER, id);
	autoclose int fd = path ? openat(folder, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

	return fd >= 0 && lock_held(fd, F_WRLCK, 0, 0) > 0;
}

static bool is_used(int dir)
{
	autoclose int fd = openat(dir, USE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && lock_held(fd, F_WRLCK, 0, 0) > 0;
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
		if (one >= 0 && !is_used(one) && !is_served(folder, e->d_name))
			r = file_remove_tree_at(folder, e->d_name, err);
	}
	return r;
}

/* What has been started is the disk's, unless there was one already. */
static int settle(int folder, const char *id, struct err *err)
{
	if (is_served(folder, id))
		return file_remove_tree_at(folder, NEW, err);
	if (file_remove_tree_at(folder, id, err) < 0)
		return -err->code;
	return renameat(folder, NEW, folder, id) < 0 ? err_sys(err, errno, "name '%s'", id) : 0;
}

/* The device; what is told is in *s->told. */
static int start(struct serving *s, int folder, struct err *err)
{
	autoclose int new = -1, device = -1;
	char id[ID_SIZE];

	if (access(PROGRAM, X_OK) < 0)
		return err_set(err, EOPNOTSUPP, "mgr was built without libqcow or libfuse, which qcow2 disks need");
	if (sweep(folder, err) < 0)
		return -err->code;
	if (mkdirat(folder, NEW, 0700) < 0 || (new = openat(folder, NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(err, errno, "make folder '" NEW "'");
	s->folder = new;
	device = mnt_apart(serve, s, err);
	if (device < 0 || make_id(s, s->told->disk.partition, id, err) < 0 || settle(folder, id, err) < 0) {
		file_remove_tree_at(folder, NEW, NULL);
		return -err->code;
	}
	return steal_fd(&device);
}

static int find_or_start(struct serving *s, int folder, const char *id, struct err *err)
{
	const struct loopdev what = {
		.path = s->path, .name = id, .offset = s->disk->offset, .length = s->disk->length, .readonly = true
	};
	int device = !s->delta && is_served(folder, id) ? loopdev_find_shared(&what, -1, &s->told->device, NULL) : -ENOENT;

	return device >= 0 ? device : start(s, folder, err);
}

static int open_disk(const char *path, struct err *err)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return file < 0 ? err_sys(err, errno, "open '%s'", path) : steal_fd(&file);
}

static struct told *share(struct err *err)
{
	struct told *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (told != MAP_FAILED)
		return told;
	err_nomem(err);
	return NULL;
}

int disk_find_served(const struct store *store, const char *path, int64_t wanted, struct disk *ret, struct err *err)
{
	autoclose int folder = disk_folder(store, err), lock = folder < 0 ? folder : disk_lock(folder, err), file = -1;
	struct serving s = { .path = path, .disk = ret, .looks = true, .wanted = wanted };
	int device;

	if (lock < 0 || (file = open_disk(path, err)) < 0 || disk_take_file(file, path, ret, err) < 0 ||
	    !(s.told = share(err)))
		return -err->code;
	s.file = file;
	device = start(&s, folder, err);
	if (device >= 0) {
		char *from = ret->from;
		*ret = s.told->disk;
		ret->from = from;
	}
	munmap(s.told, sizeof *s.told);
	return device;
}

int disk_convert(const struct disk *disk, const char *path, int folder, const char *name, proc_progress_fn *progress,
		 void *data, struct err *err)
{
	autofree char *to = str_fmt("/proc/self/fd/3/%s", name);
	autocall(strv_done) struct strv argv = { 0 };
	int r = strv_add(&argv, PROGRAM) | strv_add(&argv, "--convert") |
		strv_addf(&argv, "--offset=%ju", (uintmax_t)disk->offset) |
		strv_addf(&argv, "--length=%ju", (uintmax_t)disk->length);

	if (disk->from)
		r |= strv_addf(&argv, "--backing-from=%s", disk->from);
	if (progress)
		r |= strv_add(&argv, "--progress");
	if (!to || r | strv_add(&argv, path) | strv_add(&argv, to))
		return err_nomem(err);
	return proc_run_progress((const char *const *)argv.v, &(struct proc_fd){ folder, 3 }, 1, progress, data, err);
}

/* --- who has it mounted -------------------------------------------------------------------------------------------------
 */

static int note(const struct storage_note *note, const struct store *store, const char *id, struct err *err)
{
	autofree char *path = str_fmt("%s/" DISK_RUN "/%s", store->manager_run, id);

	if (!note)
		return 0;
	return path ? note->fn(note->data, path, err) : err_nomem(err);
}

static int take_use(int folder, const char *id, struct err *err)
{
	autofree char *path = str_fmt("%s/" USE, id);
	autoclose int fd = path ? openat(folder, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	int r = fd < 0 ? -errno : lock_take(fd, F_RDLCK, 0, 0, 0);

	return r < 0 ? err_sys(err, -r, "lock '%s/" USE "'", id) : steal_fd(&fd);
}

static int mount_written(const struct serving *s, int device, struct err *err)
{
	const struct fs *fs;

	if (fs_probe(device, &fs, err) < 0)
		return err_wrap(err, "'%s' cannot be written", s->path);
	return fs_check(fs, device, s->path, false, err) < 0 ? -err->code : fs_mount(fs, s->told->device, s->options, err);
}

static int mount_it(struct serving *s, int folder, const char *id, struct disk_service *service, struct err *err)
{
	autoclose int device = find_or_start(s, folder, id, err), tree = -1;

	if (device < 0)
		return err_wrap(err, "'%s'", s->path);
	service->server = s->told->server;
	tree = s->delta ? mount_written(s, device, err) : disk_mount_device(s->told->device, s->disk, s->path, err);
	if (tree < 0 || !service->note)
		return tree < 0 ? tree : steal_fd(&tree);
	service->use = take_use(folder, id, err);
	return service->use < 0 ? service->use : steal_fd(&tree);
}

/* A server of this container's that is about to end. */
static int await_end(const struct store *store, const char *uuid, struct err *err)
{
	autofree char *path = str_fmt("%s/" DISK_RUN "/%s/" SERVER, store->manager_run, uuid);
	autoclose int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	int r = fd < 0 ? 0 : lock_take(fd, F_WRLCK, 0, 0, clock_in(END_TIME));

	return r < 0 ? err_sys(err, r == -EAGAIN ? EBUSY : -r, "wait for its earlier server") : 0;
}

int disk_mount_served(const struct disk *disk, const char *path, const struct store *store, struct disk_service *service,
		      struct err *err)
{
	autoclose int folder = disk_folder(store, err), lock = -1, file = open_disk(path, err);
	struct serving s = { .path = path,
			     .disk = disk,
			     .file = file,
			     .delta = service->delta,
			     .uuid = service->uuid,
			     .options = service->options };
	char id[ID_SIZE];
	int tree;

	service->use = -1;
	service->server = 0;
	if (folder < 0 || file < 0 || (s.uuid && await_end(store, s.uuid, err) < 0) || (lock = disk_lock(folder, err)) < 0 ||
	    disk_check_file(file, path, disk, err) < 0 || make_id(&s, disk->partition, id, err) < 0 ||
	    note(service->note, store, id, err) < 0 || !(s.told = share(err)))
		return -err->code;
	tree = mount_it(&s, folder, id, service, err);
	munmap(s.told, sizeof *s.told);
	return tree;
}

/* --- and its end --------------------------------------------------------------------------------------------------------
 */

static void tell_status(int dir, const char *folder)
{
	char status[200] = "";

	if (file_read_small_at(dir, STATUS, status, sizeof status, NULL) < 0 || !*status)
		log_error("storage: the server of the disk (%s) was killed", folder);
	else if (!str_eq(status, "ok"))
		log_error("storage: the server of the disk: %s", status);
}

/* Unless a new one has come meanwhile. */
static int forget(int dir, const char *folder, struct err *err)
{
	autoclose int above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;
	const char *id = strrchr(folder, '/') + 1;

	if (above < 0)
		return err_sys(err, errno, "open the folder above '%s'", folder);
	lock = disk_lock(above, err);
	if (lock < 0 || is_used(dir) || is_served(above, id))
		return lock < 0 ? lock : 0;
	return file_remove_tree_at(above, id, err);
}

int disk_release(const char *folder, bool own, uint64_t deadline, struct err *err)
{
	autoclose int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), server = -1;
	const uint64_t soon = own ? deadline : clock_in(END_TIME);
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open '%s'", folder);
	if (is_used(dir))
		return 0;
	server = openat(dir, SERVER, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	r = server < 0 ? 0 : lock_take(server, F_WRLCK, 0, 0, soon < deadline ? soon : deadline);
	if (r == -EAGAIN && !own)
		return 0;
	if (r < 0)
		return err_sys(err, r == -EAGAIN ? ETIMEDOUT : -r, "wait for the server of '%s'", folder);
	if (server >= 0) {
		tell_status(dir, folder);
		close(steal_fd(&server));
	}
	return forget(dir, folder, err);
}
