/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is copied: a container at rest, or one of its snapshots. */
#ifndef MGR_LIFE_ORIGIN_H
#define MGR_LIFE_ORIGIN_H

#include "spec/spec.h"

struct origin {
	int lock;   /* nobody starts it, or removes it; -1 while it runs */
	int folder; /* of the container, or of the snapshot */
	char *text; /* its configuration */
	struct spec spec;
	bool live;  /* it runs */
	char *path; /* of a snapshot's root */
	const struct storage_backend *backend;
	struct storage_place place;
};

/* snapshot NULL: the container itself, which must be stopped, or with `live` may run. */
int origin_open(struct origin *o, const struct store *store, const char *name, const char *snapshot, bool live,
		struct err *err);
/* Into to->folder, as the backend `as` keeps it; of one that runs, which stands still meanwhile. thin: nothing is copied,
 * or -EOPNOTSUPP. */
int origin_copy(const struct origin *o, const struct storage_place *to, const struct storage_backend *as, bool thin,
		char **ret_path, struct err *err);
/* The same, for later: thin where that can be, and on disk. */
int origin_keep(const struct origin *o, const struct storage_place *to, const struct storage_backend *as, char **ret_path,
		struct err *err);
/* A container at rest stands on what it has, from then on, where its backend has no thin copies; -EOPNOTSUPP with the reason
 * why it cannot. Interrupted it is as it was, or does. */
int origin_make_thin(struct origin *o, struct err *err);
/* Its configuration has changed. */
int origin_load_again(struct origin *o, struct err *err);
/* The same configuration, but for where the root is, as "config" in the folder. */
int origin_save_config(const struct origin *of, int folder, const char *rootfs, struct err *err);
/* Can it be had without copying? */
bool origin_is_thin(const struct origin *o);
/* It does not matter how far that came. */
void origin_done(struct origin *o);

#endif
