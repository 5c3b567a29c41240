/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container of an archive that mgr-export has made, or a stranger. */
#ifndef MGR_LIFE_IMPORT_H
#define MGR_LIFE_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "life/unpack/about.h"
#include "store/store.h"

struct life_import {
	const char *file;    /* read twice: no pipe */
	const char *backend; /* of its root file system, as life_create has it */
	bool trust;          /* take all of its configuration, and device nodes where that makes it privileged */
	uint64_t size;       /* bytes of files that it may have; 0: what the file system has room for, less a twentieth */
	/* How far it is, in bytes of the archive, about ten times a second; may be NULL. */
	void (*progress)(uint64_t done, uint64_t total, void *data);
	void *data;
};

/* What it says about itself, read by a process that has nothing: names are ones that a container and snapshots can have,
 * configurations anything. */
int life_import_about(const struct life_import *what, struct about *ret, struct err *err);

/* Make it, under this name. Configurations become a new container's in *about. ret_told, added: a line for each key of the
 * configuration that was left out, and for what of the tree was. As life_create. */
int life_import(const struct store *store, const char *name, const struct life_import *what, struct about *about,
		struct str *ret_told, struct err *err);

struct import_keys {
	const char *was; /* what the container was called */
	bool trust;      /* all that it says */
	bool sized;      /* its root file system has a size, and gets that */
};

/* The text of a configuration (mgr/config of an archive) as a new container's, added to out. Whose name, ids, address and
 * hardware addresses, and folder it has to itself are left out, and, without trust, all that reaches out of it; told, added:
 * of the latter a line each. */
int import_config(const char *config, const struct import_keys *keys, struct str *out, struct str *told, struct err *err);

#endif
