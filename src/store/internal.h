/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the store's own files share. */
#ifndef MGR_STORE_INTERNAL_H
#define MGR_STORE_INTERNAL_H

#include <netinet/in.h>
#include <stdint.h>

#include "store/leases.h"
#include "store/store.h"

#define STORE_LINK ".store" /* in the runtime folder of a store that -P has named, and beside its logs: to its folder */

/* --- registries -----------------------------------------------------------------------------------------------------
 * A folder of the manager with a link an entry, so that reserving, freeing and finding one takes the same time whatever
 * their number, and a crash leaves an entry whole or absent:
 *
 *   FOLDER/format              "1"
 *   FOLDER/lock                held by whoever writes
 *   FOLDER/next                where the search for a free slot goes on, where the search for stale entries does
 *   FOLDER/by-uuid/UUID        -> SLOT; a container's further ones are UUID:0, UUID:1 ...
 *   FOLDER/by-slot/SLOT        -> UUID NAME NOTE STORE
 *
 * The link from the uuid is made first and removed last: whatever is interrupted between is found through it. */
struct registry {
	const struct store *store;
	int dir, slots, uuids, lock;
	bool absent;        /* opened to read, and never written */
	unsigned long next; /* 0: from the start */
	long swept;         /* telldir position */
};

#define REGISTRY_NAME 48 /* bytes of "UUID" or "UUID:K" */
#define REGISTRY_SLOT 48 /* of a slot, at most an IPv6 address */

struct registry_entry {
	char uuid[REGISTRY_NAME];
	char name[STORE_NAME_MAX + 1];
	char note[32];
	char *folder; /* of containers; where the owner is */
};

#define REGISTRY_INIT(r) autocall(registry_close) struct registry r = { .dir = -1, .slots = -1, .uuids = -1, .lock = -1 }

/* write: take the lock, make what is missing, and drop a few entries whose owner is gone. */
int registry_open(struct registry *reg, const struct store *store, const char *folder, bool write, struct err *err);
/* To write, in a store that need not have been made yet. */
int registry_make(struct registry *reg, const struct store *store, const char *folder, struct err *err);
void registry_close(struct registry *reg);
void registry_set_next(struct registry *reg, unsigned long next);

/* -ENOENT when the slot is free. */
int registry_get(const struct registry *reg, const char *slot, struct registry_entry *ret, struct err *err);
void registry_entry_done(struct registry_entry *entry);
/* The slot of this uuid; -ENOENT. */
int registry_find(const struct registry *reg, const char *uuid, char *slot, size_t size, struct err *err);
/* The slot must be free. */
int registry_put(struct registry *reg, const char *slot, const char *uuid, const char *name, const char *note,
		 struct err *err);
/* absent is 0. Of a further one's number the last further one has it from then on. */
int registry_drop(struct registry *reg, const char *uuid, struct err *err);
/* Drop every entry whose owner is gone. */
int registry_sweep(struct registry *reg, struct err *err);
int registry_each(const struct registry *reg, int (*fn)(const char *slot, const struct registry_entry *entry, void *data),
		  void *data, struct err *err);
int registry_count(const struct registry *reg, unsigned *ret, struct err *err);

/* Does this configuration say the word (a uuid, an address) anywhere: 1, 0, or -errno; -ENOENT when there is none. */
int store_config_says(int dirfd, const char *config, const char *word, struct err *err);

/* What a link in by-slot says, allocated; NULL: no memory. */
char *registry_entry_text(const char *uuid, const char *name, const char *note, const char *folder);

/* --- further.c -------------------------------------------------------------------------------------------------------- */

/* The name of the container's further entry number k. */
const char *registry_further(const char *uuid, unsigned k, char text[static REGISTRY_NAME]);
/* How many it has, when it has `from`. uuid: its own or one of its further ones'. */
unsigned registry_count_further(const struct registry *reg, const char *uuid, unsigned from);
/* The link in by-uuid, whose slot is free. */
int registry_drop_name(struct registry *reg, const char *name, struct err *err);

/* What it holds is a container's of this name from then on. */
int registry_set_owner(struct registry *reg, const char *uuid, const char *name, struct err *err);

/* --- claim.c ---------------------------------------------------------------------------------------------------------- */

/* Of a name, in .new; allocated. */
char *store_claim_path(const struct store *store, const char *name);

/* --- rename.c --------------------------------------------------------------------------------------------------------- */

/* Was a rename to this name interrupted? Then bring it to its end: the claim, locked, goes. */
bool store_is_renaming(int claim);
int store_rename_finish(const struct store *store, int claim, const char *path, struct err *err);

/* --- networks.c -------------------------------------------------------------------------------------------------------- */

/* The registry of a network's leases, as registry_open and registry_make. */
int lease_open(struct registry *reg, const struct store *store, const char *network, bool write, struct err *err);
int lease_make(struct registry *reg, const struct store *store, const char *network, struct err *err);
/* "the managed network", "network 'blue'"; returns text. */
#define LEASE_NETWORK_TEXT 32
const char *lease_network_text(const char *network, char text[static LEASE_NETWORK_TEXT]);

/* --- subnet.c ---------------------------------------------------------------------------------------------------------- */

struct lease_subnet {
	uint32_t net; /* host byte order */
	unsigned prefix;
};

static inline uint32_t lease_size(const struct lease_subnet *subnet)
{
	return UINT32_C(1) << (32 - subnet->prefix);
}

#define LEASE_SUBNET_TEXT (INET_ADDRSTRLEN + 3)
/* addr in host byte order; both return text. */
const char *lease_text(uint32_t addr, char text[static INET_ADDRSTRLEN]);
const char *lease_subnet_text(const struct lease_subnet *subnet, char text[static LEASE_SUBNET_TEXT]);
int lease_read_subnet(const struct registry *reg, struct lease_subnet *ret, struct err *err); /* -ENOENT */
/* The network's subnet, with its registry open to write, for it may have to be chosen. */
int lease_keep_subnet(struct registry *reg, const char *network, struct lease_subnet *ret, struct err *err);

/* --- domain.c ---------------------------------------------------------------------------------------------------------- */

/* The usual one where none is written, or nothing could be opened. */
void lease_read_domain(const struct registry *reg, char ret[static LEASE_DOMAIN]);

#endif
