/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fork() with flags of clone(2). */
#ifndef MGR_BASE_CLONE_H
#define MGR_BASE_CLONE_H

#include <stdint.h>
#include <sys/types.h>

/* flags: CLONE_NEWNS and the like. cgroup: a folder of cgroup v2 that the child is in before it does anything, or -1 for
 * ours. Where the kernel cannot make it there (CLONE_INTO_CGROUP, Linux 5.7) the child waits until we have moved it.
 * Returns 0 in the child; in the parent its pid, with a pidfd in *ret_pidfd, or -errno. */
pid_t clone_process(uint64_t flags, int cgroup, int *ret_pidfd);

#endif
