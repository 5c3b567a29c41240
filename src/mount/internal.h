/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_MOUNT_INTERNAL_H
#define MGR_MOUNT_INTERNAL_H

#include <sys/types.h>

#include "base/err.h"

/* The escapes of fstab(5) and of mountinfo: \040 is a space. In place. */
void mount_unescape(char *text);
/* The folder of this path, made when absent, O_PATH: the working folder is the container's root, and no link of the guest's
 * leads out of it, those in /proc to our descriptors included (while mount hooks are to run, one is the host's root). */
int mount_target(const char *path, struct err *err);
/* Put a detached mount on a path, which is made when absent. */
int mount_attach(int mount, const char *path, struct err *err);
/* The error of a tree whose ids could not be mapped (errno: code); it names the mount below that has none. source: the
 * tree's place, open. Returns -code. */
int mount_refuse_unmapped(const char *name, int source, int userns, int code, struct err *err);
/* mount(2), its target made when absent. */
int mount_on(const char *type, const char *path, unsigned long flags, const char *data, struct err *err);

#endif
