/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a root file system says of whose it is. */
#ifndef MGR_LIFE_IDENTITY_H
#define MGR_LIFE_IDENTITY_H

#include "spec/spec.h"

/* A copy becomes a machine of its own: another machine-id where it has one, and `name` in its hostname and hosts instead of
 * `was` (NULL: whatever it says); name NULL: it keeps these. What is not there stays so. root: a mount of it. */
int identity_renew(int root, const char *was, const char *name, struct err *err);
/* A root at rest, to be written to, with ids as on disk. The caller closes ret->tree, storage_sync before. */
int identity_open(const struct storage_backend *backend, const struct storage_place *place, struct storage_mount *ret,
		  struct err *err);
/* Where its files say that it is called `was`, they say `now`. */
int identity_rename(int root, const char *was, const char *now, struct err *err);
/* Where the files of a container at rest, locked by the caller, say that it is called `was`, they say `now`. */
int identity_set_name(const struct store *store, const char *name, const char *was, const char *now, struct err *err);

#endif
