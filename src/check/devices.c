/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check/internal.h"

/* To open it changes nothing. */
static void try_device(const struct check *c, const char *name, const char *path, const char *advice)
{
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		check_say(c, name, CHECK_WARNING, advice, "open '%s': %s", path, strerror(errno));
	else
		check_say(c, name, CHECK_OK, NULL, "%s can be opened", path);
}

void check_devices(struct check *c)
{
	try_device(c, "loop", "/dev/loop-control", "disk images cannot be used: modprobe loop");
	try_device(c, "fuse", "/dev/fuse", "qcow2 images, and fuse inside of containers, cannot be used: modprobe fuse");
}
