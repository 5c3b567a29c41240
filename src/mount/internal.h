/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_MOUNT_INTERNAL_H
#define MGR_MOUNT_INTERNAL_H

#include <sys/types.h>

#include "base/err.h"

/* Make the folder unless it is there. */
int mount_folder(const char *path, mode_t mode, struct err *err);
/* Put a detached mount on a path, which is made when absent. */
int mount_attach(int mount, const char *path, struct err *err);
/* mount(2), its target made when absent. */
int mount_on(const char *type, const char *path, unsigned long flags, const char *data, struct err *err);

#endif
