/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HOST:CTR[:OPTION,...]: a file or folder of the host's for a container, in few words. */
#ifndef MGR_MOUNT_VOLUME_H
#define MGR_MOUNT_VOLUME_H

#include "base/err.h"
#include "base/str.h"

/* What it means as a [mount] entry: all that is mounted below comes along, ids are the container's, what it is mounted on
 * is made. HOST must be there, unless it is optional. */
int mount_volume_entry(const char *text, struct str *ret, struct err *err);
/* The same as an assignment, "mount.entry+=...", added to the others. */
int mount_volume_assign(const char *text, struct strv *assign, struct err *err);

#endif
