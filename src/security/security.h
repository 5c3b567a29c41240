/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's processes may do: capabilities, seccomp, no_new_privs, AppArmor. */
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

struct apparmor_conf {
	char *profile; /* "generated" (also NULL), "unconfined" or the name of one that the host has loaded */
};

/* The number of a capability by its name, with or without "cap_", in any case (needs libcap, as does
 * security_caps); -EINVAL with the error that says so. */
int security_cap(const char *name, struct err *err);

/* The bounding set that a configuration leaves, bit n = capability n: `keep` alone when it names any; else all but mgr's own
 * list (names.c says what and why; "none" among drop takes that list away) and `drop`. own_policy: it has a namespace of
 * AppArmor's to itself. */
int security_caps(const struct cap_conf *conf, bool privileged, bool own_policy, uint64_t *ret_keep, struct err *err);

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

/* --- AppArmor ------------------------------------------------------------------------------------------------------- */

#define SECURITY_FS "/sys/kernel/security"

enum security_apparmor {
	APPARMOR_OFF,
	APPARMOR_HIDDEN, /* on, and no policy can be loaded: there is no securityfs */
	APPARMOR_ON,
};

enum security_apparmor security_apparmor_state(void);
/* The path of apparmor_parser; NULL when it is not installed. */
const char *security_apparmor_parser(void);

/* What a container is to be confined by. */
struct security_profile {
	char *label;     /* of init; NULL: none, AppArmor is left alone */
	char *name;      /* of the generated profile that must be loaded before; NULL: none */
	int compiled;    /* it, in the cache, or -1 */
	bool own_policy; /* a policy namespace is stacked on it, where the guest can load profiles of its own */
};

/* Decide, and compile what is to be loaded when it is not in the cache. name: of a generated profile. With "generated" p
 * says nothing when AppArmor is off, and when a profile cannot be made and the container is not privileged (the log warns).
 */
int security_profile_plan(struct security_profile *p, const struct apparmor_conf *conf, const char *name, bool privileged,
			  const char *cache, struct err *err);
/* Can it be had on this host as it is now? -ENOENT or -EOPNOTSUPP when it certainly cannot. */
int security_profile_check(const struct apparmor_conf *conf, struct err *err);
void security_profile_done(struct security_profile *p);

/* Into the kernel, under p->name, with its namespace. */
int security_profile_load(const struct security_profile *p, struct err *err);
/* Out of it; absent is fine. What still had it would be unconfined. */
int security_profile_unload(const char *name, struct err *err);

/* What AppArmor calls a process, allocated; NULL when that is not on, or the process is not confined. -ESRCH when it has
 * ended. */
int security_label_of(int pidfd, char **ret, struct err *err);
/* A descriptor of the calling process for security_label_enter, opened where /proc is the host's. */
int security_label_open(struct err *err);
/* Be called that from here on; what the process executes, too. Only the process itself can, with one thread. At once, and
 * not with the next exec: that one would clear what kills init with its supervisor (PR_SET_PDEATHSIG). */
int security_label_enter(int fd, const char *label, struct err *err);

#endif
