/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CHECK_INTERNAL_H
#define MGR_CHECK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "check/check.h"

struct check {
	const struct store *store;
	check_fn *fn;
	void *data;
	const char *group;
	int userns; /* with CHECK_ID as its root; -1: none could be made */
};

/* Ids that mgr gives to nobody. */
#define CHECK_ID    UINT32_C(2147418112)
#define CHECK_IDS   65536U
#define CHECK_HOSTS 200 /* so many containers are a host's limits looked at for */

/* One result. advice is for what is not CHECK_OK. */
void check_say(const struct check *c, const char *name, enum check_status status, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The same of something that was tried: r < 0 is a failure (or a warning), with its reason in err; else `found`. */
void check_tried(const struct check *c, const char *name, int r, enum check_status failed, const char *advice,
		 const struct err *err, const char *found);

/* Run fn in a process of its own; 0, or its error. */
typedef int check_try_fn(const void *arg, struct err *err);
int check_try(check_try_fn *fn, const void *arg, struct err *err);

/* Does the running kernel have it, built in, loaded, or as a module that it would load? */
bool check_has_module(const char *name);

/* The groups. */
void check_kernel(struct check *c);
void check_namespaces(struct check *c); /* sets c->userns */
void check_cgroups(struct check *c);
void check_mounts(struct check *c);
void check_devices(struct check *c);
void check_network(struct check *c);
void check_security(struct check *c);
void check_ids(struct check *c);
void check_limits(struct check *c);

#endif
