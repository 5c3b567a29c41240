/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Those of [mount] entry that bring something of the host's, as mgr-device names them: "HOST:CTR:ro", or CTR alone. */
#ifndef MGR_SPEC_BIND_H
#define MGR_SPEC_BIND_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* CTR, allocated. NULL without memory. */
char *spec_bind_place(const char *word);

/* Which of these entries, of the host's or not, is mounted there: 1 with its number, the last of several; 0: none. */
int spec_bind_at(const struct strv *entries, const char *place, size_t *ret, struct err *err);
/* The one of the host's. -ENOENT. */
int spec_bind_find(const struct strv *entries, const char *word, size_t *ret, struct err *err);

#endif
