/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's processes may do: capabilities, seccomp, no_new_privs. */
#ifndef MGR_SECURITY_SECURITY_H
#define MGR_SECURITY_SECURITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cap_conf {
	struct strv drop, keep; /* names without "cap_", lower case; keep non-empty: nothing else is kept */
};

struct seccomp_conf {
	char *profile; /* "default" (also NULL), "none" or the path of a profile */
};

/* The number of a capability by its name, with or without "cap_", in any case (needs libcap, as does
 * security_caps); -EINVAL with the error that says so. */
int security_cap(const char *name, struct err *err);

/* The bounding set that a configuration leaves, bit n = capability n: `keep` alone when it names any; else all but mgr's own
 * list (names.c says what and why; "none" among drop takes that list away) and `drop`. */
int security_caps(const struct cap_conf *conf, bool privileged, uint64_t *ret_keep, struct err *err);

/* The compiled filter, struct sock_filter[] in a file of the cache, open for reading; compiled by mgr-seccomp first when it
 * is not there. The file never changes: another policy is another file. -1 in *ret_fd for profile "none". */
int security_seccomp(const struct seccomp_conf *conf, const char *cache, int *ret_fd, struct err *err);

/* What a process of the container gives up for good, in the order that works: no_new_privs, the filter (-1: none), and every
 * capability but those in keep, from the bounding, inheritable, permitted, effective and ambient sets. To be called by a
 * process with all capabilities in the container's user namespace, before it changes to another user. */
int security_apply(uint64_t keep, int seccomp, bool no_new_privs, struct err *err);

/* The two parts of it. Installing a filter needs CAP_SYS_ADMIN or no_new_privs (seccomp(2)). */
int security_seccomp_load(int fd, struct err *err);
int security_drop_caps(uint64_t keep, struct err *err);

#endif
