/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks: programs of the user's that run at certain points of a container's life. They get LXC's arguments (their own, then
 * NAME SECTION TYPE and what belongs to the type) and environment (LXC_X beside each MGR_X), no shell, nothing open but
 * /dev/null and their output, which goes to the log. */
#ifndef MGR_HOOK_HOOK_H
#define MGR_HOOK_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

enum hook_type {
	HOOK_PRE_START,  /* host */
	HOOK_PRE_MOUNT,  /* the container's namespaces, as its root; the host's files */
	HOOK_MOUNT,      /* the same, with the container's at HOOK_ROOTFS_MOUNT */
	HOOK_AUTODEV,    /* the same */
	HOOK_START_HOST, /* host */
	HOOK_START,      /* the container, confined as init is: a program of the guest's */
	HOOK_STOP,       /* host */
	HOOK_POST_STOP,  /* host */
	HOOK_DESTROY,    /* host */
	HOOK_TYPES,
};

extern const char *const hook_names[HOOK_TYPES]; /* "pre-start" ... */

/* Where mount and autodev hooks find the container's files: an empty folder that every user can reach. */
#define HOOK_ROOTFS_MOUNT MGR_LIBEXECDIR "/rootfs"

struct hook_conf {
	struct strv of[HOOK_TYPES]; /* commands, in order */
	uint64_t timeout;           /* ns, of each */
};

/* Folders of the host that a container's root may write to: a program there is not the host's. */
struct hook_places {
	const struct store *store; /* a container has a folder in it; what lies in a folder therein is the guest's */
	struct strv guests;        /* this one's root, and others that it has */
};

/* What a hook is told; NULL and 0: not known. */
struct hook_facts {
	const struct hook_places
		*places; /* each program is checked before it runs; NULL: that has been done, or it is the guest's */
	const char *name;
	const char *config;      /* path of the configuration */
	const char *rootfs;      /* path of the root file system, without its backend */
	const char *console;     /* path of the console, as the hook sees it */
	const char *console_log; /* path of what it said */
	const char *target;      /* "stop" or "reboot" */
	pid_t pid;               /* of init */
	const int *namespaces;   /* descriptors of this process */
	size_t n_namespaces;
};

/* Facts with the text that they point to. */
struct hook_told {
	char *config, *console_log;
	struct hook_places places;
	struct hook_facts facts;
};

/* What is known of any container, at any time. rootfs: as configured, BACKEND:PATH, or NULL. t does not move afterwards;
 * name and rootfs stay. */
int hook_tell(struct hook_told *t, const struct store *store, const char *name, const char *rootfs, struct err *err);
void hook_told_done(struct hook_told *t);

/* One command of a hook that runs by itself. */
struct hook_script {
	const char *command;
	uint64_t timeout;
	const char *event;  /* "up" or "down" */
	const char *type;   /* of the interface: "veth" */
	const char *device; /* of the host; NULL: none */
};

/* Are there any? */
bool hook_any(const struct hook_conf *conf, enum hook_type type);

/* Can this program of the host be run as root without anybody but root having a say in what it does? Refused: not there, not
 * executable, not root's own or writable by others (each folder and link on the way too, and a script's interpreter), or in
 * one of the places. -EPERM, -EACCES ... naming the path. */
int hook_check(const char *command, const struct hook_places *places, struct err *err);
/* The same for all of the host's; the message begins with the hook's name. */
int hook_check_all(const struct hook_conf *conf, const struct hook_places *places, struct err *err);

/* Run all hooks of the type in their order, each to its end, at most conf->timeout. Each line that they print goes to the
 * log. Stops at the first that fails: the message has its path, status and last line. */
int hook_run(const struct hook_conf *conf, enum hook_type type, const struct hook_facts *facts, struct err *err);
/* The same for a script of an interface. */
int hook_run_script(const struct hook_script *script, const struct hook_facts *facts, struct err *err);

#endif
