/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container stands on, for whoever looks: its image, disk or file system, and what is mounted in it. */
#ifndef MGR_LIFE_STANDS_H
#define MGR_LIFE_STANDS_H

#include "life/look.h"

/* Adds it to *look, which has backend and root. folder: the container's; config: the text of its configuration. 0 or
 * -ENOMEM. */
int look_stands(const struct store *store, const char *name, int folder, const char *config, bool runs, struct look *look);

#endif
