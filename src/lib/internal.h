/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running mgr-boot. */
#ifndef MGR_LIB_INTERNAL_H
#define MGR_LIB_INTERNAL_H

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

/* Its command line as far as all have it: the program, what to do, the store. 0 or -ENOMEM. */
int boot_argv(const struct store *store, const char *what, struct strv *argv);
/* It works in another folder: MGR_ROOT made absolute. */
int boot_environment(struct err *err);

#endif
