/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where no mount can map ids, those on disk become the ones that the container's have on the host, as LXC keeps them.
 *
 * The file "shift" in the container's folder says so. Files that lose something with their owner (setuid and setgid bits,
 * capabilities: chown(2)) are in it with what they had, from before the first one is touched until the last is done: what is
 * interrupted is finished by whoever opens the root next. Their ids tell which files are done, since inside and outside have
 * none in common. The root folder itself is the last. */
#ifndef MGR_STORAGE_SHIFT_H
#define MGR_STORAGE_SHIFT_H

#include <sys/stat.h>

#include "base/file.h"
#include "storage/internal.h"

/* Does an id belong to the container's, as the host has them? */
bool shift_is_outside(const struct storage_ids *ids, bool gid, uint32_t id);

/* folder: the container's; root: its root folder, O_PATH will do. Nobody else works on either. */
int shift_out(int folder, int root, const struct storage_ids *ids, struct err *err);
/* Finish what was interrupted. now: the container's ids; where its files have others of before, they get back those that are
 * inside. NULL: they stay. */
int shift_settle(int folder, int root, const struct storage_map *now, struct err *err);
/* The copy of a settled root, the folder to/name, gets the ids back that are those inside; when this is interrupted, it is
 * no copy. */
int shift_undo(int folder, int root, int to, const char *name, struct err *err);

/* --- its parts ----------------------------------------------------------------------------------------------------------
 */

/* What a file had. */
struct shift_special {
	uint64_t inode;
	mode_t mode;
	size_t size; /* of its capabilities; 0: it has none */
	uint8_t caps[24];
};

struct shift {
	struct storage_map map;
	bool out, done;
	char root[FILE_WHICH_MAX]; /* of another one this is not the record */
	size_t n, room;
	struct shift_special *v; /* by inode */
};

/* 1; 0: there is none for this root. The caller frees it with shift_done. */
int shift_read(int folder, int root, struct shift *ret, struct err *err);
int shift_write(int folder, const struct shift *shift, struct err *err);
void shift_done(struct shift *shift);

/* Note one of those that lose something. -EOVERFLOW when it has an id already that none of them should have. */
int shift_look(struct shift *shift, int fd, const struct stat *st, struct err *err);
/* Change one. Twice is once. */
int shift_change(const struct shift *shift, int fd, const struct stat *st, struct err *err);

#endif
