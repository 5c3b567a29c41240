/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's configuration, to be changed: as text, in place of the whole file, under its lock (store_lock_config). */
#ifndef MGR_LIFE_CONFIG_H
#define MGR_LIFE_CONFIG_H

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"
#include "store/store.h"

struct life_config {
	int folder; /* of the container, locked */
	char *text;
};

#define LIFE_CONFIG_INIT(c) autocall(life_config_done) struct life_config c = { .folder = -1 }

/* Lock and read it. */
int life_config_open(struct life_config *c, const struct store *store, const char *name, struct err *err);
/* Unlock it. */
void life_config_done(struct life_config *c);

/* Is the text a whole configuration, and may the container have what it names? That is reserved for it from then on. Into
 * *ret, which is initialized. */
int life_config_check(const struct store *store, const char *name, const struct str *text, struct spec *ret,
		      struct err *err);
/* The text of a configuration that means `want`, from the text of one that means `was`: comments, order and the way lines
 * are written stay. keys: where the two may differ. path: where it will be, which what it includes is relative to. Into
 * *ret, which is empty. */
int life_config_carry(const char *text, const char *path, const struct spec *was, const struct spec *want,
		      const struct strv *keys, struct str *ret, struct err *err);
/* The keys whose values are a container's own: no two have the same. Added. */
int life_config_own_keys(const struct spec *spec, struct strv *ret, struct err *err);
/* The text takes the file's place. */
int life_config_write(const struct life_config *c, const struct str *text, struct err *err);
/* Has another one's the hardware address of an interface of this one's, on the same link? 1, with err saying so: no more
 * than one of them can run at a time. Reads all that there are. */
int life_shares_mac(const struct store *store, const char *name, struct err *err);
/* What went with a change could not be done: `was` comes back, unless another has changed `now` since. */
int life_config_take_back(const struct store *store, const char *name, const char *was, const char *now, struct err *err);

#endif
