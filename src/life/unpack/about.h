/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an archive of mgr-export says about its container, in front of the trees. As text, which mgr-unpack reads when it
 * packs and writes for --head, it is
 *
 *   name NAME
 *   config SIZE         then so many bytes, and a newline
 *   snapshot NAME CREATED SIZE
 *   comment SIZE        of the snapshot before it
 */
#ifndef MGR_LIFE_UNPACK_ABOUT_H
#define MGR_LIFE_UNPACK_ABOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define ABOUT_SNAPSHOTS_MAX 1000
#define ABOUT_COMMENT_MAX   65536      /* bytes */
#define ABOUT_MAX           (16 << 20) /* bytes of all of it */

struct about_snapshot {
	char *name, *config;
	char *comment;    /* NULL: none */
	uint64_t created; /* CLOCK_REALTIME, ns */
};

struct about {
	char *name, *config;
	size_t n, room;
	struct about_snapshot *v;
};

void about_print(const struct about *about, struct str *out);
/* Into *ret, which is empty. -EINVAL: it is no such text. Names are what they are. */
int about_parse(const char *text, struct about *ret, struct err *err);
void about_done(struct about *about);

/* One more, empty but for its name; NULL: there is no memory for it. */
struct about_snapshot *about_add(struct about *about, const char *name);

#endif
