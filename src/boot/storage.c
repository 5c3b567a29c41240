/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root file system. One that is not the host's own goes in this order: what was written to it is brought to where it is
 * kept, and its error told, for a umount has none; the mount goes with its last descriptor; what it stood on goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "boot/internal.h"
#include "boot/undo.h"
#include "mount/mount.h"
#include "storage/disk.h"
#include "store/last.h"

#define SYNC_TIME   (60 * CLOCK_SECOND)
#define GONE_TIME   (60 * CLOCK_SECOND)
#define MAY_BE_LOST "what was written last may be lost"
#define LAST_RUN    ": in its last run "

/* --- up ---------------------------------------------------------------------------------------------------------------- */

/* /dev/null for what there is none of. */
static int pass(struct boot *b, int mount, struct err *err)
{
	int copy = mount < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : fcntl(mount, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return err_sys(err, errno, "pass a mount on");
	b->passed[b->n_passed++] = copy;
	return 0;
}

/* The child was born without them. */
static int pass_dev(struct boot *b, struct err *err)
{
	int r = boot_make_dev(b, err);

	if (r == 0)
		r = pass(b, b->dev, err);
	if (r == 0)
		r = pass(b, b->sys, err);
	return r < 0 ? r : pass(b, b->securityfs, err);
}

/* Of what the backend makes. The line is "BACKEND OBJECT". */
struct note {
	int rundir;
	const char *backend;
};

static int note(void *data, const char *object, struct err *err)
{
	const struct note *n = data;
	autofree char *line = str_fmt("%s %s", n->backend, object);

	return line ? undo_add(n->rundir, "storage", line, err) : err_nomem(err);
}

static int open_root(struct boot *b, bool lasting, struct storage_mount *ret, struct err *err)
{
	const struct storage_ids ids = spec_ids(&b->spec.container.idmap, b->userns);
	const struct storage_backend *backend;
	struct storage_place place;
	int r = spec_place(&b->spec, &b->store, b->name, b->folder, &place, &backend, err);

	if (r < 0 || spec_check_owner(&b->spec, err) < 0 || spec_check_alone(&b->spec, &b->store, err) < 0 ||
	    spec_check_outside(&b->spec, &b->store, b->name, b->folder, err) < 0)
		return -err->code;
	struct note n = { b->rundir, backend->name };
	const struct storage_note told = { note, &n };
	place.note = lasting ? &told : NULL;
	return backend->open(&place, &ids, ret, err);
}

static int mount_root(struct boot *b, bool lasting, struct err *err)
{
	struct storage_mount root;
	int r = open_root(b, lasting, &root, err);

	if (r < 0)
		return r;
	b->tree = root.tree;
	b->storage_use = root.use;
	b->served = root.served;
	if (lasting && root.server > 0)
		boot_move_server(b, root.server);
	if (lasting && root.own && (b->disk = openat(b->tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(err, errno, "open the root folder");
	if (b->spec.rootfs.readonly && b->userns >= 0)
		r = mount_lock(b->tree, b->userns, err);
	if (r < 0)
		return r;
	if (r > 0) {
		close(b->tree);
		b->tree = r;
	}
	return pass(b, b->tree, err);
}

static int open_storage(struct boot *b, bool lasting, struct err *err)
{
	autocall(boot_stage_leave) struct boot_stage stage;
	int r = boot_stage_enter(&stage, b, err);

	if (r == 0)
		r = mount_root(b, lasting, err);
	return r == 0 && stage.home >= 0 ? pass_dev(b, err) : r;
}

/* Why it is as it is may be what the last run has said at its end. */
static int tell_earlier_loss(const struct boot *b, int r, struct err *err)
{
	const struct err why = *err;
	struct last last;

	if (last_read(b->folder, &last, NULL) < 0 || !last.lost[0])
		return r;
	if (r == 0)
		log_warn("storage: in its last run %s", last.lost);
	const int room = (int)(sizeof why.msg - sizeof LAST_RUN - strlen(last.lost));
	return r < 0 ? err_set(err, why.code, "%.*s" LAST_RUN "%s", room, why.msg, last.lost) : 0;
}

int up_storage(struct boot *b, struct err *err)
{
	int r;

	last_reserve(b->folder);
	r = open_storage(b, true, err);
	return tell_earlier_loss(b, r, err);
}

int boot_open_storage(struct boot *b, struct err *err)
{
	return open_storage(b, false, err);
}

/* --- down -------------------------------------------------------------------------------------------------------------- */

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void boot_drop_storage(struct boot *b)
{
	while (b->n_passed > 0)
		drop(&b->passed[--b->n_passed]);
	drop(&b->tree);
	drop(&b->storage_use);
	drop(&b->served);
}

/* In a child, since nobody can be woken from it when what is below does not answer. */
static int sync_disk(int disk, struct err *err)
{
	int status, r;
	pid_t pid = fork();

	if (pid == 0)
		_exit(syncfs(disk) < 0 ? errno : 0);
	r = pid < 0 ? err_sys(err, errno, "start a process") : proc_wait(pid, clock_in(SYNC_TIME), &status, err);
	if (r < 0 && pid > 0)
		kill(pid, SIGKILL);
	if (r < 0)
		return err_wrap(err, MAY_BE_LOST);
	return status ? err_sys(err, WIFEXITED(status) ? WEXITSTATUS(status) : EIO, MAY_BE_LOST) : 0;
}

/* For who asks how the run ended; what is being destroyed has no folder. */
static void keep_loss(const struct down *d, const char *what)
{
	autoclose int folder = store_container(d->store, d->name, NULL);
	struct last last;

	log_error("storage: %s", what);
	if (folder < 0)
		return;
	(void)last_read(folder, &last, NULL); /* where there is none, it is empty */
	str_print(last.lost, sizeof last.lost, "%.250s", what);
	if (last_write(folder, &last, NULL) < 0)
		log_warn("how the run ended could not be kept");
}

static bool is_full(const char *path)
{
	autofree char *folder = path ? strdup(path) : NULL;
	struct stat st;

	if (!folder || *folder != '/' || stat(folder, &st) < 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		*strrchr(folder, '/') = '\0';
	autoclose int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && file_is_full(fd);
}

/* A device says no more than "I/O error" when the file that it is finds no room. object: the file, for some backends. */
static void tell_full(const struct down *d, const char *object, struct err *err)
{
	autofree char *folder = str_fmt("%s/%s", d->store->containers, d->name);
	const char *full = is_full(object) ? object : is_full(folder) ? folder : NULL;
	const struct err why = *err;

	if (full)
		err_set(err, why.code, "%.300s (the host's disk is full where '%.100s' is)", why.msg, full);
}

/* Whoever else would have its mounts has gone: its processes, and the hooks that come before this row. */
int down_storage(const struct down *d, const char *object, struct err *err)
{
	const char *space = strchr(object, ' ');
	autofree char *name = space ? strndup(object, (size_t)(space - object)) : NULL;
	const struct storage_backend *backend = name ? storage_named(name, NULL) : NULL;
	struct err lost = { 0 };

	if (!backend || !backend->close)
		return err_set(err, EBADMSG, "'%s' is nothing that a backend makes", object);
	if (*d->disk >= 0 && sync_disk(*d->disk, &lost) < 0)
		tell_full(d, space + 1, &lost);
	drop(d->disk);
	for (size_t i = 0; i < d->n_namespaces; i++)
		drop(&d->namespaces[i]);
	int r = backend->close(d->name, space + 1, clock_in(GONE_TIME), err);
	if (r > 0)
		lost = *err;
	if (d->unserved && !lost.code) /* others on it may have another server by now */
		err_set(&lost, EIO, DISK_UNREAD);
	if (d->failing && !lost.code) {
		err_set(&lost, EIO, MAY_BE_LOST ": its file system had an error while it ran");
		tell_full(d, space + 1, &lost);
	}
	if (lost.code)
		keep_loss(d, lost.msg);
	return r < 0 ? r : 0;
}
