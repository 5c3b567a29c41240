/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths of the host, and the one way into a tree that a guest owns. */
#ifndef MGR_BASE_PATH_H
#define MGR_BASE_PATH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Open path as the guest whose root folder is `root` would see it: openat2 with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
 * so that no symlink or ".." of the guest's reaches the host; but for one who has just entered it and not yet unmounted the
 * old root, which such a walk passes into: that is to be waited for. O_CLOEXEC is added. Returns the fd or -errno. Every
 * path inside a container is opened here. */
int path_open_in_root(int root, const char *path, int flags, mode_t mode);

/* mkdir -p inside the root, each component resolved as above; returns an O_PATH fd of the last folder. Set fsuid first
 * (EOVERFLOW on idmapped mounts otherwise). */
int path_mkdirs_in_root(int root, const char *path, mode_t mode, struct err *err);

#define PATH_LINK_LONGEST 4095 /* bytes of a symlink's target (symlink(2)), without an end */

/* readlink in the root of one path (its parents resolved as above); allocated in *ret. */
int path_readlink_in_root(int root, const char *path, char **ret, struct err *err);

/* Replace the folder *dir by the one above it, over mount points: 1, 0 when *dir is this process's root, -errno. */
int path_up(int *dir);
/* Is the folder `dir` the folder `top`, or somewhere below it, by the folders above the descriptor? 1, 0, -errno. */
int path_is_below(int dir, int top);

enum path_relation { PATH_APART, PATH_SAME, PATH_INSIDE, PATH_AROUND };
/* How the folder `dir` lies to the folder of this path; PATH_APART when that is not there. */
int path_relate(int dir, const char *other, enum path_relation *ret, struct err *err);

#endif
