/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of the host's becomes a container's root file system, where it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "life/internal.h"
#include "life/root.h"
#include "store/claim.h"

static int adopt(struct birth *birth, struct err *err)
{
	const char *given = birth->what->rootfs;
	int r;

	birth->rootfs = realpath(given, NULL);
	if (!birth->rootfs)
		return err_sys(err, errno, "find '%s'", given);
	birth->rootfs_fd = open(birth->rootfs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (birth->rootfs_fd < 0)
		return err_sys(err, errno, "open '%s'", birth->rootfs);
	if (flock(birth->rootfs_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, EBUSY, "'%s' is in use: another command makes a container of it", birth->rootfs);
	r = root_check_folder(birth->rootfs_fd, birth->rootfs, birth->store, err);
	if (r == 0 && !birth->what->passing) /* else its start looks (spec_check_alone) */
		r = spec_check_root(birth->rootfs_fd, birth->rootfs, birth->store, NULL, err);
	return r == 0 && !birth->what->exposed ? storage_check_exposed(birth->rootfs_fd, birth->rootfs, "--exposed", err)
					       : r;
}

int birth_adopt(struct birth *birth, struct err *err)
{
	return adopt(birth, err) < 0 ? err_wrap(err, "--rootfs") : 0;
}
