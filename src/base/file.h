/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: read, write, replace atomically, remove trees. Paths are relative to dirfd (AT_FDCWD for the working folder).
 */
#ifndef MGR_BASE_FILE_H
#define MGR_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* The whole file, allocated, terminated; *ret_len (may be NULL) without the terminator. -EFBIG when longer than max. */
int file_read_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct err *err);

/* The same, on from where the descriptor stands. what: its name for errors. */
int file_read_fd(int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct err *err);

/* Appends each line that is not empty; a file that is not there has none. */
int file_read_lines_at(int dirfd, const char *path, size_t max, struct strv *ret, struct err *err);

/* Into a fixed buffer, terminated, trailing newline removed (proc, sys and cgroup files). Returns the length; -ENOBUFS when
 * it does not fit. */
int file_read_small_at(int dirfd, const char *path, char *buf, size_t size, struct err *err);

/* One write() to an existing file (proc, sys and cgroup files). */
int file_write_at(int dirfd, const char *path, const char *text, struct err *err);

/* All of n bytes to fd, restarting when interrupted. 0 or -errno. */
int file_write_all(int fd, const void *bytes, size_t n);

/* Replace or make path with these bytes so that a crash leaves the old or the new, whole: a temporary beside it, fsync,
 * rename, fsync of the folder. */
int file_replace_at(int dirfd, const char *path, const void *bytes, size_t n, mode_t mode, struct err *err);

/* Which file that is, over a reboot too: where there are handles (name_to_handle_at(2)) the number of its inode is not all,
 * which every subvolume of btrfs has in common. One word; "-": there is none. */
#define FILE_WHICH_MAX 320
void file_which(int folder, const char *name, char ret[static FILE_WHICH_MAX]);

/* All that was written to the file system of a folder, O_PATH will do, is on disk (syncfs(2)): before what takes its name
 * says so, or before it is unmounted, which tells of no error. */
int file_sync_system(int folder, struct err *err);
/* Is there next to no room left for files in the folder? Not what statfs(2) says: file systems keep some of that back. */
bool file_is_full(int folder);

/* mkdir -p of path with mode for what is made; what exists must be a folder. */
int file_mkdirs_at(int dirfd, const char *path, mode_t mode, struct err *err);

/* Move the file that fd writes to aside, as FILE.1, when it has more than max bytes (0: never), and go on with a new one
 * under the same number. One that somebody has removed is made again. */
void file_rotate(int fd, uint64_t max);

/* Remove a tree (or file) without following a symlink or crossing a mount: a mount inside is -EBUSY, with nothing of it
 * removed. Subvolumes of btrfs go with it, read-only ones too; what is mounted in one loses its place. Absent is 0. */
int file_remove_tree_at(int dirfd, const char *path, struct err *err);

#endif
