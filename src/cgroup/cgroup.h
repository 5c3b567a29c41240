/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroups on whatever the host mounts: a host is a list of hierarchies, each v1 or v2. */
#ifndef MGR_CGROUP_CGROUP_H
#define MGR_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

#define CGROUP_HIERARCHIES 16
#define CGROUP_LONGEST     256 /* bytes of a path */

struct limits_conf {
	uint64_t memory, swap;                /* bytes; UINT64_MAX: not set */
	uint64_t cpus;                        /* thousandths of a processor; 0: not set */
	uint64_t cpu_weight, io_weight, pids; /* 0: not set */
	char *cpuset;
	struct strv v1,
		v2; /* "FILE=VALUE", for a hierarchy of that version; they come after the rest. "devices.allow=RULE"
		       and "devices.deny=RULE", any number of them, are for each host: those of v1, then those of v2 */
};

struct cgroup_hierarchy {
	bool v2;
	char controllers[96]; /* v1: "cpu,cpuacct" or "name=systemd"; v2: what cgroup.controllers says, comma-separated */
	char mount[128];      /* where the host has it */
	int dir;              /* O_PATH folder of the container's cgroup in it; -1 while there is none */
};

struct cgroup {
	char path[CGROUP_LONGEST]; /* below each hierarchy's mount: "mgr/web" */
	bool given;                /* the folder above is not mgr's: it stays as it is, but for giving controllers to ours */
	size_t n;
	struct cgroup_hierarchy h[CGROUP_HIERARCHIES]; /* the v2 one first, when there is one */
};

/* The host's hierarchies, from /proc/self/mountinfo; no folder opened. */
int cgroup_host(struct cgroup *cg, struct err *err);
/* Name that of a container: where store_cgroup_find says, else at its plain place. */
int cgroup_find(struct cgroup *cg, const struct store *store, const char *container, struct err *err);
/* The path of its cgroup.events, which tell when it empties, allocated; NULL without v2. */
char *cgroup_events_path(const struct cgroup *host, const struct store *store, const char *container);
/* One at the plain place, PARENT/NAME. */
int cgroup_name(struct cgroup *cg, const char *parent, const char *name, struct err *err);
/* Name it `payload` in a folder that was given to this process, and go with whoever else is in there into `supervisor`
 * beside it: a folder with processes of its own has no controllers for those below (cgroup-v2.rst, "No Internal Process
 * Constraint"). */
int cgroup_settle_in(struct cgroup *cg, const char *given, struct err *err);
/* Is that such a path? */
bool cgroup_is_settled(const char *path);
/* Cgroup v2 alone: where a service manager may have given us a folder. */
bool cgroup_pure_v2(const struct cgroup *cg);
/* Close the folders. */
void cgroup_done(struct cgroup *cg);

/* Make and open the folders, set the limits; a controller that the host lacks is an error that names it. root: host id of
 * container root, who gets the v2 folder and its cgroup.procs, cgroup.threads, cgroup.subtree_control, and of v1 the
 * name=systemd one: no other v1 hierarchy can be delegated safely. An empty folder that a dead run left is made anew; after
 * a failure cgroup_remove takes away what is there. */
int cgroup_create(struct cgroup *cg, const struct limits_conf *limits, uid_t root, struct err *err);
/* The v2 folder alone, when the host has v2: cgroup_create then makes the rest, while a process runs in this one. */
int cgroup_create_v2(struct cgroup *cg, uid_t root, struct err *err);
/* Adds the keys of [cgroup] and [cgroup2] ("cgroup2.memory.max") that are for hosts of the other version, where
 * the section for this one has nothing for their controller. */
int cgroup_left_out(const struct cgroup *cg, const struct limits_conf *limits, struct strv *ret, struct err *err);
/* Which device nodes its processes may open and make: mgr's own list, then the rules of `limits`. Where the host has no way
 * to bar any (errors that say so: cgroup v2 without eBPF), that is an error when there are such rules, or when container
 * root (its host id) is the host's. */
int cgroup_set_devices(const struct cgroup *cg, const struct limits_conf *limits, uid_t root, struct err *err);
/* Open the folders of one that exists. */
int cgroup_open(struct cgroup *cg, struct err *err);
/* What differs between the two, in an open one that has `from`: all of it or, after a failure, as little as can be. */
int cgroup_change_limits(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to,
			 struct err *err);
/* Can it take a file of [cgroup] or [cgroup2] back, that `to` has no more? */
bool cgroup_can_unset(const char *file);
/* The v2 folder for clone3's CLONE_INTO_CGROUP, or -1. */
int cgroup_clone_fd(const struct cgroup *cg);
/* A folder below the v2 one, made when absent and given to container root, for processes that enter later: clone3 into the
 * v2 folder itself is -EBUSY once the guest has given controllers to its children (cgroup-v2.rst, "No Internal Process
 * Constraint"). Returns an fd. */
int cgroup_leaf(int v2_dir, uid_t root, struct err *err);
/* Put a process into the others (v1; v2 as well when `all`). pid 0: the caller, who has one thread; by far the fastest. */
int cgroup_join(const struct cgroup *cg, pid_t pid, bool all, struct err *err);
/* The same for a process without the right to open them, in two halves: descriptors of every v1 `tasks` file, for a child
 * or to be sent; then, in that process with its one thread, enter and close them. */
int cgroup_open_tasks(const struct cgroup *cg, int fds[CGROUP_HIERARCHIES], size_t *ret_n, struct err *err);
int cgroup_enter_tasks(int fds[], size_t n, struct err *err);
/* Is any process in it, in any hierarchy? 1, 0 or -errno; absent is 0. Needs only its name. */
int cgroup_populated(const struct cgroup *cg, struct err *err);
/* Kill every process in it and wait until it is empty. Absent is 0. */
int cgroup_kill(const struct cgroup *cg, uint64_t deadline, struct err *err);
/* Remove the folders, the guest's own below them too, and the parent when it was the last. Absent is 0. */
int cgroup_remove(const struct cgroup *cg, struct err *err);

/* How the guest sees its cgroups at /sys/fs/cgroup. */
enum cgroup_view {
	CGROUP_VIEW_AUTO, /* v2 alone where the host has it, else v1 */
	CGROUP_VIEW_V2,
	CGROUP_VIEW_HYBRID, /* v1, and v2 in unified/ */
	CGROUP_VIEW_V1,
};
/* Mount that view on `target` (an existing folder). For the child: in its own mount namespace, and in a cgroup namespace
 * made after the last join. Uses only what cgroup_host found. A view that the host has no hierarchy for is an error. */
int cgroup_mount_view(const struct cgroup *cg, enum cgroup_view view, const char *target, struct err *err);

struct cgroup_usage {
	uint64_t memory, memory_limit; /* bytes; limit UINT64_MAX when none */
	uint64_t cpu;                  /* ns */
	uint64_t pids, oom_kills;
	uint64_t memory_high, memory_max; /* how often these limits were met */
	uint64_t io_read, io_written;     /* bytes, of all block devices */
};
/* What the host can count; what it cannot is UINT64_MAX. */
int cgroup_usage(const struct cgroup *cg, struct cgroup_usage *ret, struct err *err);

/* The share of time, in hundredths of a percent, in which some process, or all of them, waited for want of it: over the last
 * 10 and 60 seconds. UINT64_MAX: the kernel does not tell. */
struct cgroup_pressure {
	uint64_t some_avg10, some_avg60, full_avg10, full_avg60;
};
struct cgroup_pressures {
	struct cgroup_pressure cpu, memory, io;
};
void cgroup_pressures(const struct cgroup *cg, struct cgroup_pressures *ret);

/* Files by their names, "memory.max", in whichever hierarchy has them (v2 first); devices.allow, devices.deny and
 * devices.list on every host. A name that is none, or that leads
 * anywhere else: -EINVAL; that no hierarchy has: -ENOENT. */
int cgroup_check_key(const char *key, struct err *err);
/* The whole text, allocated. */
int cgroup_get(const struct cgroup *cg, const char *key, char **ret, struct err *err);
/* One write; the kernel says what it takes. */
int cgroup_set(const struct cgroup *cg, const char *key, const char *value, struct err *err);

/* What was set so holds for the container's run, reboots inside included: limits and rules for devices are kept in its
 * runtime folder. */
int cgroup_keep(int rundir, const char *key, const char *value, struct err *err);
/* Add them behind those of `limits`. None is 0. */
int cgroup_add_kept(int rundir, struct limits_conf *limits, struct err *err);
/* cgroup_change_limits where some are kept: they stay, but for a limit that this changes and the rules for a device that
 * `to` has a new rule for. */
int cgroup_change_beside_kept(const struct cgroup *cg, int rundir, struct limits_conf *from, struct limits_conf *to,
			      struct err *err);
int cgroup_forget_kept(int rundir, struct err *err); /* none is 0 */

#endif
