/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A moment's work as root of a container that runs, among its mounts. */
#ifndef MGR_BOOT_INSIDE_H
#define MGR_BOOT_INSIDE_H

#include "base/err.h"
#include "boot/device.h"

typedef int inside_fn(void *data, struct err *err);

/* fn, in a process of its own: every path is the container's, as its init sees them, and nobody in there sees the process.
 * What it takes too long for (a file system of the guest's that does not answer) is ended: -ETIMEDOUT. */
int boot_inside(const struct device_change *c, inside_fn *fn, void *data, struct err *err);

#endif
