/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and folders into a container and out of it, whether or not it runs. Running, they are copied as its root sees them,
 * what is mounted inside included; at rest, on its root file system, and it cannot be started meanwhile. */
#ifndef MGR_LIB_COPY_H
#define MGR_LIB_COPY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct lib_copy {
	const struct strv *sources; /* paths; "-": standard */
	const char *target;         /* a folder, or the new name of the one source; "-": standard */
	int standard;               /* descriptor that "-" stands for: read by a push, written by a pull; -1: none */
	bool create;                /* make missing folders on the way */
	bool preserve;              /* owner by number, all bits of the mode, time, extended attributes */
	/* A push alone: */
	const char *user, *group; /* of what is made: name or number; NULL: root, and the user's own group */
	bool has_mode;            /* files get this mode, bits beyond 0777 included */
	mode_t mode;
	/* What is left out of a folder (a device node, a socket ...), a line each; may be NULL. */
	void (*note)(const char *line, void *data);
	void *data;
};

/* Each returns 0, or -errno with the first thing that went wrong; what had been copied whole by then stays. Without
 * `preserve` what is made has the permissions of its source and nothing more: no setuid, no owner but container root (push)
 * or the caller (pull). */
int lib_push(const struct store *store, const char *name, const struct lib_copy *copy, struct err *err);
int lib_pull(const struct store *store, const char *name, const struct lib_copy *copy, struct err *err);

#endif
