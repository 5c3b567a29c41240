/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_LIFE_RESIZE_H
#define MGR_LIFE_RESIZE_H

#include "spec/spec.h"

/* Make a container's root file system as large as this says, what its configuration is to be. running: as it is known to be;
 * else it is held meanwhile. The caller has its config. -EBUSY, -EOPNOTSUPP with the reason. */
int life_resize(const struct store *store, const char *name, const struct spec *next, bool running, struct err *err);

#endif
