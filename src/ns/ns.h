/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces and id maps. */
#ifndef MGR_NS_NS_H
#define MGR_NS_NS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum idmap_mode {
	IDMAP_AUTO, /* until create writes the range that it was given */
	IDMAP_NONE, /* privileged: no user namespace */
	IDMAP_MAP,
};

struct idmap_range {
	bool gid; /* else uid */
	uint32_t guest, host, count;
};

struct idmap {
	enum idmap_mode mode;
	size_t n;
	struct idmap_range v[8];
};

struct container_conf {
	char *uuid, *arch;
	struct idmap idmap;
	bool no_new_privs, ephemeral, autodev;
	struct strv group;
};

struct uts_conf {
	char *name;
};

/* Host id of a guest's id; UINT32_MAX when it has none. */
uint32_t idmap_to_host(const struct idmap *map, bool gid, uint32_t guest);

#endif
