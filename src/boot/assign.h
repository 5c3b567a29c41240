/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for a container's run instead of what its configuration says, reboots inside included: a file in its runtime
 * folder. */
#ifndef MGR_BOOT_ASSIGN_H
#define MGR_BOOT_ASSIGN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

int boot_keep_assignments(int rundir, const struct strv *assign, struct err *err);
int boot_read_assignments(int rundir, struct strv *ret, struct err *err);
int boot_forget_assignments(int rundir, struct err *err);
/* The list `key` ("forward.port") has these values, and no others, from now on. */
int boot_assign_again(int rundir, const char *key, const struct strv *values, struct err *err);

/* Has it a value of this key? */
bool boot_assigns(const struct strv *assign, const char *key);

#endif
