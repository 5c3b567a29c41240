/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is copied: a container at rest, or one of its snapshots. */
#ifndef MGR_LIFE_ORIGIN_H
#define MGR_LIFE_ORIGIN_H

#include "spec/spec.h"

struct origin {
	int lock;   /* nobody starts it, or removes it */
	int folder; /* of the container, or of the snapshot */
	char *text; /* its configuration */
	struct spec spec;
	char *path; /* of a snapshot's root */
	const struct storage_backend *backend;
	struct storage_place place;
};

/* snapshot NULL: the container itself, which must be stopped. */
int origin_open(struct origin *o, const struct store *store, const char *name, const char *snapshot, struct err *err);
/* It does not matter how far that came. */
void origin_done(struct origin *o);

#endif
