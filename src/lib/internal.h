/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running mgr's own programs. */
#ifndef MGR_LIB_INTERNAL_H
#define MGR_LIB_INTERNAL_H

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

/* mgr-boot's command line as far as all have it: the program, what to do, the store. 0 or -ENOMEM. */
int boot_argv(const struct store *store, const char *what, struct strv *argv);
/* Names the descriptor that a command of ours reports to (cli/report.h). */
#define MGR_REPORT_FD "MGR_REPORT_FD"

/* The environment for a program of ours, with one more "NAME=VALUE" (NULL: none); added to *ret. */
int environment_make(struct strv *ret, const char *more, struct err *err);

#endif
