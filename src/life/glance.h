/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few values of a configuration, as its file has them, without the schema: for commands that must be fast and only show.
 * What an include brings is not seen. */
#ifndef MGR_LIFE_GLANCE_H
#define MGR_LIFE_GLANCE_H

#include "base/err.h"
#include "base/str.h"

/* Every value of key in [section] of the INI file, in order; an empty one clears what came before. Appends to *ret. */
int glance_at(int dirfd, const char *file, const char *section, const char *key, struct strv *ret, struct err *err);

#endif
