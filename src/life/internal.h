/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that is being made. */
#ifndef MGR_LIFE_INTERNAL_H
#define MGR_LIFE_INTERNAL_H

#include "life/life.h"
#include "spec/spec.h"
#include "storage/image.h"
#include "store/leases.h"
#include "template/template.h"

struct birth {
	const struct store *store;
	const struct life_create *what;
	int claim, folder; /* the name, locked; what is to be the container */
	char uuid[37];
	uint32_t first_id;             /* 0: no range of its own */
	struct idmap map;              /* as the user's own words have it, a template's left out */
	struct lease leases[NICS_MAX]; /* of the first n, one a network */
	size_t n_leases;
	const struct storage_backend *backend;
	uint64_t size;       /* rootfs.size */
	struct strv options; /* rootfs.options */
	char *base;          /* what the template calls its base; NULL: the backend needs none */
	bool chosen_mac;     /* a hardware address is the user's choice */

	/* one of them, by what the root file system is to come from: */
	char *program;     /* a template */
	int archive;       /* a tar file, open to read */
	char *rootfs;      /* a folder of the host's, used where it is */
	char *disk;        /* a file of the host's with a file system or a disk */
	uint64_t imported; /* bytes of the file system that was copied from it; 0: none yet */
	int device;        /* as long as it is open that need not be looked at again; -1 */
	int rootfs_fd;     /* and that it is: locked, so that no other create takes it meanwhile */

	int tree; /* the root, once it has been filled; -1: nobody needs it any more */
};

/* Claim the name, have fn make in birth->folder what is to be the container, and give that its name. When it fails nothing
 * is left. SIGINT, SIGTERM, SIGHUP and SIGQUIT are blocked meanwhile. 1: it is one, and err says what will hinder it. */
typedef int birth_make_fn(struct birth *birth, void *data, struct err *err);
int birth_run(struct birth *birth, birth_make_fn *fn, void *data, struct err *err);
/* The first that fn does: birth->uuid and birth->folder. */
int birth_folder(struct birth *birth, struct err *err);

/* The root of what is being made, as identity_open. spec: what it is to be. */
int birth_open_root(const struct birth *birth, const struct spec *spec, const struct storage_backend *backend,
		    struct storage_mount *ret, struct err *err);
/* The file system that it is, as large as it is to be. */
int birth_resize_root(const struct birth *birth, const struct spec *spec, const struct storage_backend *backend,
		      struct err *err);

/* Find what was named, and refuse what cannot be had; nothing is made. The caller frees with birth_source_done. */
int birth_source(struct birth *birth, struct err *err);
void birth_source_done(struct birth *birth);

/* Which backend it is to have. */
int birth_choose(struct birth *birth, struct err *err);

/* --rootfs: what birth_source does for it. */
int birth_adopt(struct birth *birth, struct err *err);

/* --image, --disk: what birth_source does for it, and birth_fill. */
int birth_disk(struct birth *birth, struct err *err);
/* Is there anything in it? root: what is on it. */
int birth_check_shown(const struct birth *birth, int root, struct err *err);
int birth_fill_disk(struct birth *birth, struct str *ret_tail, struct err *err);

/* Fill folder/rootfs, unless it is elsewhere. ret_tail: last lines of what was said meanwhile. */
int birth_fill(struct birth *birth, struct str *ret_tail, struct err *err);

/* What ends well and leaves nothing in the folder is no template. dir -1: there is no such folder. */
int birth_check_filled(int dir, const char *what, const char *name, struct err *err);
/* The image of the template's base, made when there is none yet. run: how the template is called. */
int birth_base(const struct birth *birth, const struct template *run, char ret_id[static IMAGE_ID_SIZE],
	       struct str *ret_tail, struct err *err);

/* Of an exported container: folders with empty roots for its snapshots; and once they are filled, what else a snapshot is.
 * spec: the container's configuration. */
int birth_make_snapshots(const struct birth *birth, struct err *err);
int birth_save_snapshots(const struct birth *birth, const struct spec *spec, struct err *err);

/* rootfs.path, and what belongs to it. */
int birth_set_rootfs(const struct birth *birth, struct spec *spec, struct err *err);

/* What this container alone has (ids, address, hardware addresses), reserved, and into the configuration. The second time
 * nothing is reserved again. */
int birth_allot(struct birth *birth, struct spec *spec, struct err *err);

/* Remove those whose one run is over (store/ephemeral.h); failures are logged. */
void ephemeral_sweep(const struct store *store);

#endif
