/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who serves a qcow2 disk, who uses that, and what it says at its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/sys.h"
#include "storage/disk_server.h"

#define END_TIME (5 * CLOCK_SECOND) /* somebody may still work on files at rest */

bool disk_is_served(int folder, const char *id)
{
	autofree char *path = str_fmt("%s/" DISK_SERVER, id);
	autoclose int fd = path ? openat(folder, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

	return fd >= 0 && lock_held(fd, F_WRLCK, 0, 0) > 0;
}

bool disk_is_used(int dir)
{
	autoclose int fd = openat(dir, DISK_STATUS, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && lock_held(fd, F_WRLCK, 0, 0) > 0;
}

int disk_take_use(int folder, const char *id, struct err *err)
{
	autofree char *path = str_fmt("%s/" DISK_STATUS, id);
	autoclose int fd = path ? openat(folder, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	int r = fd < 0 ? -errno : lock_take(fd, F_RDLCK, 0, 0, 0);

	return r < 0 ? err_sys(err, -r, "lock '%s/" DISK_STATUS "'", id) : steal_fd(&fd);
}

int disk_watch(int folder, const char *id, int *ret, struct err *err)
{
	autofree char *path = str_fmt("%s/" DISK_SERVER, id);
	uint64_t pid;
	char text[16];

	*ret = -1;
	if (!path)
		return err_nomem(err);
	if (file_read_small_at(folder, path, text, sizeof text, NULL) < 0 || str_uint(text, 1, INT32_MAX, &pid) < 0)
		return 0;
	*ret = sys_pidfd_open((pid_t)pid);
	if (*ret >= 0 && disk_is_served(folder, id)) /* so it is that one */
		return 0;
	return err_set(err, EIO, "the server of the disk has ended early");
}

int disk_await_end(int folder, const char *id, struct err *err)
{
	autofree char *path = str_fmt("%s/" DISK_SERVER, id);
	autoclose int fd = path ? openat(folder, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	int r = fd < 0 ? 0 : lock_take(fd, F_WRLCK, 0, 0, clock_in(END_TIME));

	return r < 0 ? err_sys(err, r == -EAGAIN ? EBUSY : -r, "wait for its earlier server") : 0;
}

/* file: its status; -1: another container that stood on the disk has heard how it ended, and has cleared it away. own: it
 * was written to, and there is no other. 1: it did not end well, as err says. */
static int tell_status(int file, bool own, struct err *err)
{
	const char *killed = own ? "what was written last may be lost: the server of its disk was killed" : DISK_UNREAD;
	char status[200] = "";

	if (file >= 0)
		(void)!pread(file, status, sizeof status - 1, 0);
	status[strcspn(status, "\n")] = '\0';
	if (str_eq(status, "ok") || (file < 0 && !own))
		return 0;
	if (*status)
		err_set(err, EIO, "what was written last may be lost: the server of its disk: %s", status);
	else
		err_set(err, EIO, "%s", killed);
	return 1;
}

/* Unless a new one has come meanwhile. */
static int forget(int dir, const char *folder, struct err *err)
{
	autoclose int above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;
	const char *id = strrchr(folder, '/') + 1;

	if (above < 0)
		return err_sys(err, errno, "open the folder above '%s'", folder);
	lock = disk_lock(above, err);
	if (lock < 0 || disk_is_used(dir) || disk_is_served(above, id))
		return lock < 0 ? lock : 0;
	return file_remove_tree_at(above, id, err);
}

int disk_release(const char *folder, bool own, uint64_t deadline, struct err *err)
{
	autoclose int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), status = -1, server = -1;
	const uint64_t soon = own ? deadline : clock_in(END_TIME);
	struct err second = { 0 };
	int r, told = 0;

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open '%s'", folder);
	if (disk_is_used(dir))
		return 0;
	/* before the wait, in which another may clear it away */
	status = openat(dir, DISK_STATUS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	server = openat(dir, DISK_SERVER, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	r = server < 0 ? 0 : lock_take(server, F_WRLCK, 0, 0, soon < deadline ? soon : deadline);
	if (r == -EAGAIN && !own)
		return 0;
	if (r < 0)
		return err_sys(err, r == -EAGAIN ? ETIMEDOUT : -r, "wait for the server of '%s'", folder);
	if (server >= 0) {
		told = tell_status(status, own, err);
		close(steal_fd(&server));
	}
	r = forget(dir, folder, told ? &second : err);
	return r < 0 && !told ? r : told;
}
