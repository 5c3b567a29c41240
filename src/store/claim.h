/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's beginning and end. While it is being created it is the folder .new/NAME/UUID (NAME in lower case), while it
 * is being removed .gone/UUID; whoever works on one holds flock(2) on .new/NAME or .gone/UUID, so that one that nobody holds
 * is what an interrupted command left. store_sweep clears those; every command that writes calls it. */
#ifndef MGR_STORE_CLAIM_H
#define MGR_STORE_CLAIM_H

#include "base/err.h"
#include "store/store.h"

/* Claim the name: its folder in .new, open and locked (close-on-exec; a child that keeps a copy keeps the claim). -EEXIST
 * when a container has that name, letter case apart, -EBUSY when another command is creating one. */
int store_claim(const struct store *store, const char *name, struct err *err);
/* Make the folder that is to be the container's, before ids and addresses are reserved for the uuid; open. */
int store_claim_folder(int claim, const char *uuid, struct err *err);
/* It is complete: give it its name. */
int store_claim_commit(const struct store *store, int claim, const char *name, const char *uuid, struct err *err);
/* Remove what was made and release what was reserved; the claim stays open. */
int store_claim_drop(const struct store *store, const char *name, struct err *err);

/* Take the container out of the store, its folder open in dir: no other command sees it from then on. */
int store_retire(const struct store *store, const char *name, int dir, const char *uuid, struct err *err);
/* Remove what was retired, then release its address and ids. */
int store_bury(const struct store *store, const char *uuid, struct err *err);

/* A container's other name. The strings stay the caller's. */
struct store_rename {
	const char *from, *to, *uuid;
	const char *old_path, *path; /* rootfs.path so far, and from then on; NULL: it stays */
};

/* Claim the new name for a container that has `from` so far: as store_claim, and that one is not in the way when the two
 * differ in letter case alone. */
int store_claim_renamed(const struct store *store, const char *from, const char *name, struct err *err);
/* Give the container, whose lock and whose new name's the caller has, its other name, in the registries, its configuration
 * and its logs; the claim is gone then, and the lock's folder the caller's to remove. Interrupted anywhere, or failed, it
 * has one of the two names, everything that it had, and nothing of the other; store_sweep sees to what is missing. */
int store_rename(const struct store *store, int claim, const struct store_rename *what, struct err *err);
/* The configuration under the other name, added to out. The bits 1 and 2 when rootfs.path and uts.name were changed;
 * -ENOMEM.
 */
int store_rename_config(const struct store_rename *what, const char *config, struct str *out);

/* Clear what interrupted creates and destroys left, and finish renames. */
int store_sweep(const struct store *store, struct err *err);

#endif
