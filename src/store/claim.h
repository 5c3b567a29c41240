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

/* Clear what interrupted creates and destroys left. */
int store_sweep(const struct store *store, struct err *err);

#endif
