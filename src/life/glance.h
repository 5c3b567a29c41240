/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few values of a configuration, as its file has them, without the schema: for commands that must be fast and only show.
 * What an include brings is not seen. */
#ifndef MGR_LIFE_GLANCE_H
#define MGR_LIFE_GLANCE_H

#include "base/err.h"
#include "base/str.h"

/* The file, to be looked at more than once; the caller frees *ret. */
int glance_load(int dirfd, const char *file, char **ret, struct err *err);
/* As glance_at, in what was loaded. 0 or -ENOMEM. */
int glance_in(const char *text, const char *section, const char *key, struct strv *ret);
/* Names of the sections that begin with prefix, in order; appends. 0 or -ENOMEM. */
int glance_sections(const char *text, const char *prefix, struct strv *ret);

/* Every value of key in [section] of the INI file, in order; an empty one clears what came before. Appends to *ret. */
int glance_at(int dirfd, const char *file, const char *section, const char *key, struct strv *ret, struct err *err);

#endif
