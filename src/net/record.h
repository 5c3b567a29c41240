/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What containers' undo records say of interfaces (private to net/). */
#ifndef MGR_NET_RECORD_H
#define MGR_NET_RECORD_H

#include "base/str.h"
#include "store/store.h"

/* Whose record has this text? Of all the manager's stores; the one whose runtime folder is `but` (-1: none) apart. */
bool record_holder(const struct store *store, const char *text, int but, char name[static STORE_NAME_MAX + 1]);
/* The lines of a container's record that have this text, each from there to its end; appends. 0 or -ENOMEM. */
int record_list(int rundir, const char *text, struct strv *ret);

#endif
