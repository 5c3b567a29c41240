/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything of a manager lives, what its containers are called, and who may change one.
 *
 * MGR_ROOT=DIR puts etc, var and run below DIR: a second manager, with an id that goes into every name it has in the kernel.
 */
#ifndef MGR_STORE_STORE_H
#define MGR_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define STORE_NAME_MAX 63
#define STORE_NEW      ".new"  /* in the folder of containers: NAME in lower case, while it is being created */
#define STORE_GONE     ".gone" /* UUID of what a destroy has yet to remove */
#define STORE_SNAP     ".snap" /* in a container's folder: its snapshots */

struct store {
	char *etc;         /* /etc/mgr */
	char *containers;  /* where this store's containers are: /var/lib/mgr, or the folder that -P named */
	char *manager;     /* /var/lib/mgr: the registries .ids and .leases, .images */
	char *cache;       /* /var/cache/mgr, or $MGR_CACHE */
	char *manager_log; /* /var/log/mgr */
	char *log;         /* of this store's containers: the same, or /var/log/mgr/STOREID with -P */
	char *run;         /* runtime folders of this store's containers: /run/mgr, or /run/mgr/STOREID with -P */
	char *manager_run; /* /run/mgr: the managed network's .net */
	char *passing;     /* /run/mgr/.execute: the store of containers that are there for one run (life/passing.h) */
	char id[9];        /* 8 hex digits from MGR_ROOT; "" for the default manager */
	char cgroup[24];   /* parent of this store's cgroups: "mgr", "mgr-ID", with -P "mgr-STOREID" */
};

/* Fill in the paths; makes nothing. path: what -P said, or NULL. */
int store_open(struct store *store, const char *path, struct err *err);
void store_done(struct store *store);

/* Make the folders that a command that writes needs, root:root 0700; refuses ones that others own or may enter. */
int store_make(const struct store *store, struct err *err);

/* After its last container: take away what a folder that -P named has below the manager's own. What is in use stays. */
void store_leave(const struct store *store);

/* Call fn with this store and with every other one of the manager's, as far as it is known: whose folder is there, and has
 * been worked with since its logs were last removed. Until that returns something else than 0, which this returns. */
int store_each(const struct store *store, int (*fn)(const struct store *store, void *data, struct err *err), void *data,
	       struct err *err);

/* A name that the contract allows; -EINVAL with what is wrong with it (NULL: is empty). */
int store_check_name(const char *name, struct err *err);
/* One for a new container, or for the DNS: some names mean something else there. */
int store_check_new_name(const char *name, struct err *err);

/* The container's folder, open (O_RDONLY | O_DIRECTORY). -ENOENT "no such container" when it has no config. */
int store_container(const struct store *store, const char *name, struct err *err);
/* Open a folder of the manager's own that lies beside the containers (".images"); made when absent, if `make`. */
int store_open_own(const struct store *store, const char *name, bool make, struct err *err);

/* What is to be done with a file or folder of the host's. */
enum store_use {
	STORE_AS_ROOT,   /* it is to be a root file system; -EINVAL when it may not */
	STORE_AS_VOLUME, /* root inside can write to it; -EPERM */
};
/* Is what the descriptor stands for (path: for the message) the manager's own, does it lie there or hold it, whatever bind
 * mounts lead there: folders of containers (of all known stores), /etc/mgr, /run/mgr, logs, cache? As a volume the root
 * folder of a container may be used: what is there is a guest's anyway. */
int store_check_own(int fd, const char *path, const struct store *store, enum store_use use, struct err *err);

/* Whoever changes its config has this lock on its folder, which is open in the descriptor, from before what the new text
 * names is reserved until the text is in place: two at once would lose a change, and who frees what the text does not name
 * tries it. Gone with the descriptor. Without `wait` -EWOULDBLOCK when another has it. */
int store_lock_config(int folder, bool wait, struct err *err);

/* The same, with or without a config. */
int store_folder(const struct store *store, const char *name, struct err *err);
/* A container's folder without a config: nothing can be done with it but destroy it by force. */
bool store_is_husk(const struct store *store, const char *name);
/* Adds the names of all such. */
int store_husks(const struct store *store, struct strv *ret, struct err *err);
/* The uuid that the registries of ids and addresses know for this name; -ENOENT. */
int store_known_uuid(const struct store *store, const char *name, char uuid[static 37], struct err *err);

/* Its runtime folder (run/NAME), open; made 0700 when `make`. -ENOENT when absent and not to be made. */
int store_runtime(const struct store *store, const char *name, bool make, struct err *err);

/* What else the host knows by one name for all managers (units, profiles): "mgr-NAME", where the store has an id
 * "mgr.ID-NAME": "mgr-ID-NAME" would be a container's of the default one. With another separator than '-' no container's.
 * -ENAMETOOLONG. */
int store_host_name(const struct store *store, char separator, const char *name, char *ret, size_t size);

/* Where its cgroup is, below a hierarchy's mount, when that is not store->cgroup/NAME: kept in its runtime folder, from
 * before the cgroup is made until it has been removed. 1; 0 when it has none or is at its plain place. */
int store_cgroup_find(const struct store *store, const char *name, char *ret, size_t size, struct err *err);
int store_cgroup_keep(int rundir, const char *path, struct err *err);
int store_cgroup_forget(int rundir, struct err *err); /* none is 0 */

/* Its folder of logs, open; made 0700 when `make`. -ENOENT when absent and not to be made. */
int store_log_folder(const struct store *store, const char *name, bool make, struct err *err);
/* A log there, to append to. */
int store_log_open(int folder, const char *file, struct err *err);
#define STORE_LOG_MAX (UINT64_C(1) << 20) /* bytes of "log" before it is moved aside, as log.1 */

/* The folder of containers, or the nearest above it that is there; allocated. */
char *store_nearest(const struct store *store);

/* Names of all containers, sorted. */
int store_list(const struct store *store, struct strv *ret, struct err *err);

/* --- locks ----------------------------------------------------------------------------------------------------------
 * run/NAME/lock, an open-file-description lock: held by whoever has the descriptor, over fork and exec, gone with the last
 * of them. The holder's phase is the file's text, true only while the lock is held. */
enum store_phase {
	STORE_IDLE,    /* nobody holds it */
	STORE_WORKING, /* a command changes the container at rest */
	STORE_STARTING,
	STORE_RUNNING,
	STORE_STOPPING,
	STORE_ABORTING,
	STORE_FREEZING,
	STORE_FROZEN,
	STORE_THAWED,
	STORE_PHASES,
};

extern const char *const store_phase_names[STORE_PHASES];

/* A run's whose init has been started: its supervisor answers. */
bool store_phase_runs(enum store_phase phase);

/* Take the lock and write the phase. -EBUSY with the holder's phase in the message when another has it at the deadline
 * (clock.h; 0: at once). Returns the fd, close-on-exec. */
int store_lock(const struct store *store, const char *name, enum store_phase phase, uint64_t deadline, struct err *err);
/* The same kind of lock on any file, made when absent, without a phase: the fd, -EAGAIN when another has it at the
 * deadline, or -errno. */
int store_lock_file(int dirfd, const char *path, uint64_t deadline);
int store_lock_phase(int lock, enum store_phase phase);
/* The phase of whoever holds it now, without disturbing; STORE_IDLE when free. Never waits. -errno when it cannot be told.
 */
int store_lock_peek(const struct store *store, const char *name, struct err *err);
/* Processes that hold it now: up to max of their pidfds, which the caller closes. Returns how many. Looks at every process
 * there is. */
int store_lock_holders(const struct store *store, const char *name, int *pidfds, size_t max, struct err *err);

#endif
