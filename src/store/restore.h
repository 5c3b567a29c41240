/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's root file system and configuration are exchanged for others that lie ready: both, or neither, wherever that
 * is interrupted. What is to come, and later what was, is in .snap/.restore of the container's folder: its root under the
 * name that it has in the folder, "config", and "ready": which root was in place before. */
#ifndef MGR_STORE_RESTORE_H
#define MGR_STORE_RESTORE_H

#include "base/err.h"

#define RESTORE_FOLDER ".restore" /* in .snap */

/* All with the lock of the container, and that of its config. folder: its own. */

/* The folder to fill, open. What an earlier one left has been settled. */
int restore_begin(int folder, struct err *err);
/* It is complete: take it. leaf: the root's name. When this fails before the exchange, all is as it was. */
int restore_take(int folder, const char *leaf, struct err *err);
/* The same, where the root is moved away instead: another that lies in place is that of the new configuration. */
int restore_move(int folder, const char *leaf, int to, const char *path, struct err *err);
/* Nothing of it is to be had. */
void restore_drop(int folder);

/* An interrupted one becomes a whole one, or none; none is 0. The second has the lock of the config. */
int restore_settle(int folder, struct err *err);
int restore_settle_locked(int folder, struct err *err);

#endif
