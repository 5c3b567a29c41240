/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices (loop(4)): a file, or a part of it, as a block device. Each goes by itself with the last who has it open or
 * mounted, whoever crashes.
 *
 * The kernel mounts one file system read-write twice through two devices, and both destroy it. So a lock of the file goes
 * along (base/lock.h): the device holds on to the open file that it was made from, hence to its lock, until it is gone. */
#ifndef MGR_STORAGE_LOOPDEV_H
#define MGR_STORAGE_LOOPDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define LOOPDEV_NAME 64 /* of whose it is, with the terminator */

struct loopdev {
	const char *path;        /* of the file, for messages */
	const char *name;        /* whose it is, for those that want it too; cut when longer */
	uint64_t offset, length; /* bytes; length 0: to the end */
	bool readonly;
};

/* Open the file and lock it: any number may have it read-only, or one read-write. A device of the
 * same name may take a moment to go, and is waited for until the deadline (clock.h). The file; -EBUSY, with the name of who
 * has it, or the device that another program writes it by; -errno. */
int loopdev_lock(const struct loopdev *what, uint64_t deadline, struct err *err);

/* A device of the file that loopdev_lock has returned: its descriptor, to be kept open until it is mounted; its number in
 * *ret_n: /dev/loopN. */
int loopdev_attach(const struct loopdev *what, int file, unsigned *ret_n, struct err *err);

/* The device that somebody has made of this file, open; -ENOENT: there is none. ret_name (may be NULL): whose it is. */
int loopdev_find(int file, char ret_name[LOOPDEV_NAME], struct err *err);

/* A read-only device of the same part of this file, open, for whoever mounts that too: the same device is the same file
 * system, and what is read of it is in memory once. file -1: one of this name. Its number in *ret_n; -ENOENT. */
int loopdev_find_shared(const struct loopdev *what, int file, unsigned *ret_n, struct err *err);

/* One of this name that is written to. */
int loopdev_find_written(const struct loopdev *what, unsigned *ret_n, struct err *err);

/* The file has another length by now. */
int loopdev_measure(int device, struct err *err);

/* Wait until a device of this name has the file no more; one that is gone nobody has. -EBUSY, as loopdev_lock. */
int loopdev_await_end(const struct loopdev *what, uint64_t deadline, struct err *err);

#endif
