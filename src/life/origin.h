/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is copied: a container at rest. */
#ifndef MGR_LIFE_ORIGIN_H
#define MGR_LIFE_ORIGIN_H

#include "spec/spec.h"

struct origin {
	int lock;   /* nobody starts it, or removes it */
	int folder;
	char *text; /* its configuration */
	struct spec spec;
	const struct storage_backend *backend;
	struct storage_place place;
};

/* The container must be stopped. */
int origin_open(struct origin *o, const struct store *store, const char *name, struct err *err);
/* It does not matter how far that came. */
void origin_done(struct origin *o);

#endif
