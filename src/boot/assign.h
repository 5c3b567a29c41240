/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for a container's run instead of what its configuration says, reboots inside included: a file in its runtime
 * folder. */
#ifndef MGR_BOOT_ASSIGN_H
#define MGR_BOOT_ASSIGN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

int boot_keep_assignments(int rundir, const struct strv *assign, struct err *err);
bool boot_has_assignments(int rundir);
int boot_read_assignments(int rundir, struct strv *ret, struct err *err);
int boot_forget_assignments(int rundir, struct err *err);
/* The list `key` ("forward.port") has these values, and no others, from now on. */
int boot_assign_again(int rundir, const char *key, const struct strv *values, struct err *err);

/* All of them, written anew. */
int boot_replace_assignments(int rundir, const struct strv *assign, struct err *err);

/* A section as a whole ("net.1"), whatever the configuration says of it: a line "-net.1", then its values
 * ("net.1.link=br0"), if it is there at all. sets: its values, NULL: it is not. 0 or -ENOMEM. */
int boot_assign_section(struct strv *assign, const char *section, const struct strv *sets);
/* The section that such a line is about, or NULL. */
const char *boot_assigned_section(const char *line);
/* Has it values of this section? */
bool boot_assigns_in(const struct strv *assign, const char *section);

/* Has it a value of this key? */
bool boot_assigns(const struct strv *assign, const char *key);

#endif
