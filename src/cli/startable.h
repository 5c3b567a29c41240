/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which containers mgr-autostart works on, and in which order. */
#ifndef MGR_CLI_STARTABLE_H
#define MGR_CLI_STARTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct startable_choice {
	struct strv groups; /* in their order; "": those of no group, which is also what none at all means */
	bool every_group;   /* instead */
	bool ignore_auto;
};

struct startable {
	char *name;
	uint64_t order, delay;
};

struct startables {
	struct startable *v;
	size_t n;
};

/* "a,b,,c": each once. */
int startable_add_groups(struct startable_choice *choice, const char *text);

/* By group, order and name. unreadable is called for each whose configuration cannot be read. 0; 1 when there was one. */
int startables_find(const struct store *store, const struct startable_choice *choice,
		    void (*unreadable)(void *data, const char *name, const struct err *err), void *data,
		    struct startables *ret, struct err *err);
void startables_done(struct startables *list);

#endif
