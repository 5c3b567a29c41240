/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-create -i asks, one function a thing that may be missing. Each: -ECANCELED at the end of input, -ENOTTY without a
 * terminal. */
#ifndef MGR_CLI_CREATE_ASK_H
#define MGR_CLI_CREATE_ASK_H

#include "base/str.h"
#include "store/store.h"

/* path: of -P, or NULL. The name is allowed, and no container has it. */
int create_ask_name(const char *path, struct strv *names, struct err *err);
int create_check_name(const char *path, const char *name, struct err *err);
int create_ask_template(char **ret, struct err *err);
/* The template's own options, as far as it has questions for them and args lacks them. */
int create_ask_options(const char *template, struct strv *args, struct err *err);

#endif
