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
	char *profile; /* "default", "none" or the path of a profile */
};

/* The bounding set that a configuration leaves, bit n = capability n. */
int security_caps(const struct cap_conf *conf, bool privileged, uint64_t *ret_keep, struct err *err);
/* Drop everything else from the bounding and inheritable sets, and from the permitted set on. */
int security_drop_caps(uint64_t keep, struct err *err);

/* The compiled filter as a sealed memfd of struct sock_filter[], out of the cache below `cache`; compiled by mgr-seccomp
 * first when it is not there. -1 in *ret_fd for profile "none". */
int security_seccomp(const struct seccomp_conf *conf, const char *cache, int *ret_fd, struct err *err);
/* Install it, for good; needs CAP_SYS_ADMIN or no_new_privs. */
int security_seccomp_load(int fd, struct err *err);

#endif
