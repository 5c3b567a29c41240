/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a mount namespace, as the kernel lists them: proc_pid_mountinfo(5). */
#ifndef MGR_BASE_MOUNTINFO_H
#define MGR_BASE_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOUNTINFO_MAX ((size_t)64 << 20) /* bytes of one that is read */

/* ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS ... The strings lie in the text, without their escapes. */
struct mountinfo {
	uint64_t id, parent;
	char *dev, *root, *point;
};

/* The next one of the text, which is cut; what is no such line is passed over. false: there is none. */
bool mountinfo_next(char **text, struct mountinfo *ret);

#endif
