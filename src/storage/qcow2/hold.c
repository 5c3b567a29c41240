/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/hold.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/lock.h"

/* QEMU's bytes: who does a thing has that one of the first, who wants no other to do it that one of the second. */
#define DOES     100
#define WANTS_NO 200

enum thing { THING_READ = 0, THING_WRITE = 1, THING_RESIZE = 3 };

int hold_disk(int fd, struct err *err)
{
	static const off_t ours[] = { DOES + THING_READ, WANTS_NO + THING_WRITE, WANTS_NO + THING_RESIZE };
	static const off_t theirs[] = { WANTS_NO + THING_READ, DOES + THING_WRITE, DOES + THING_RESIZE };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		(void)lock_take(fd, F_RDLCK, ours[i], 1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		if (lock_held(fd, F_WRLCK, theirs[i], 1) > 0)
			return err_set(err, EBUSY, "it is in use: another program writes it, as a virtual machine does");
	return 0;
}

int hold_delta(int fd, bool to_write, struct err *err)
{
	int r = lock_take(fd, to_write ? F_WRLCK : F_RDLCK, 0, 0, 0);

	if (r == 0)
		return 0;
	if (r != -EAGAIN)
		return err_sys(err, -r, "lock it");
	return err_set(err, EBUSY, to_write ? "it is in use" : "it is in use: it is being written to");
}
