/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A start: its steps, and what they know. */
#ifndef MGR_BOOT_INTERNAL_H
#define MGR_BOOT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "boot/assign.h"
#include "boot/boot.h"
#include "cgroup/cgroup.h"
#include "net/net.h"
#include "spec/spec.h"
#include "store/store.h"
#include "wire/handover.h"

#define BOOT_NAMESPACES HANDOVER_NAMESPACES

/* Everything that a start knows. Descriptors are -1 while there is none; all of it goes with the process. */
struct boot {
	struct store store;
	const char *name;
	const char *path;            /* what -P said, or NULL */
	struct strv assign;          /* -s, for this run */
	const struct handover *from; /* of the supervisor, at a reboot */
	int rundir, folder, lock, log, console_log;
	struct boot_command command;
	int program;   /* mgr-init, for the command */
	int exit_code; /* of a command that could not be run; 0: it was not that */
	int client;    /* of --client: to be a control connection of the supervisor */

	struct spec spec;
	uint32_t root_uid, root_gid;      /* host ids of container root */
	struct strv argv, env;            /* of init, or the command; its own environment is made inside */
	int unit;                         /* hears whether a unit was given; -1: none was asked for */
	char unit_cgroup[CGROUP_LONGEST]; /* of the unit that we are in; "": none */
	struct cgroup cgroup;
	int passed[FD_MAX_PASSED]; /* what the next message to the child takes along, and what the child got with the last */
	size_t n_passed, n_taken; /* so many of them are no entries' trees: the root, and on old kernels /dev and the like */
	struct net_plan net;
	char *os_release; /* the host's, as text; NULL: not known */
	uint64_t cap_keep;
	int seccomp;
	struct security_profile profile;
	int label; /* child: its label, to be written */

	pid_t pid;
	int pidfd, userns;
	int peer;                       /* parent: the child's end of the pair, and the other way round */
	int dev, sys, securityfs, tree; /* detached mounts */
	int disk, storage_use, served;  /* wire/handover.h */
	int console, console_peer, notify, control;
	int ttys[TTY_MOST]; /* masters of /dev/tty1 and so on */
	size_t n_ttys;
	int diag;          /* to ask the container's network who listens, when readiness depends on it */
	size_t child_step; /* that the child has begun, for the parent */
	bool child_failed; /* and said at which step, while a row of the parent waited for it */
	int mark;          /* that it is ephemeral (store/ephemeral.h); -1: it is not, or another has it */
	int host_root;     /* child: O_PATH, while its root is in a mount point of the host's tree */
	int namespaces[BOOT_NAMESPACES];
	size_t n_namespaces; /* of the container, for the hooks at its end */
};

/* ephemeral.c: from here on this run is its last, if its configuration says so. */
int boot_ephemeral_begin(struct boot *b, struct err *err);
/* It could not be started: it stays. */
void boot_ephemeral_fail(struct boot *b);
/* It is at rest, and locked: when its last run is over it is removed, and the lock is gone. */
bool boot_ephemeral_end(const struct boot *b, int lock);

/* What undoing knows. */
struct down {
	const struct store *store;
	const char *name;
	int rundir;
	bool reboot;
	int *namespaces; /* of the container that has ended, as far as anybody kept them open; one that is closed is -1 */
	size_t n_namespaces;
	int *disk;     /* its root folder, to be synced before it goes; -1 then, or where there is none */
	int pidns;     /* where it lives on; -1 */
	bool unserved; /* what serves its disk has ended while it ran */
	bool failing;  /* its file system had an error */
};

/* Of what b is about. */
struct down down_of(struct boot *b);

enum side {
	PARENT,
	CHILD,
};

/* One row a step; rows run top to bottom. A row of the child waits for every row of the parent above it, the parent waits
 * for the child only at the end: so the two overlap. Lines in the undo record begin with a row's name; `down` gets what
 * follows. It must do without all else, and what is gone already is fine. */
struct step {
	const char *name;
	enum side side;
	int (*up)(struct boot *b, struct err *err);
	int (*down)(const struct down *d, const char *object, struct err *err);
};

extern const struct step steps[];
extern const size_t n_steps;

/* steps of the parent */
int up_config(struct boot *b, struct err *err);
int up_unit(struct boot *b, struct err *err);
int up_apparmor(struct boot *b, struct err *err);
int down_apparmor(const struct down *d, const char *object, struct err *err);
int up_security(struct boot *b, struct err *err);
int up_dev(struct boot *b, struct err *err);
int up_cgroup_v2(struct boot *b, struct err *err);
int up_cgroup(struct boot *b, struct err *err);
int up_devices(struct boot *b, struct err *err);
int down_cgroup(const struct down *d, const char *object, struct err *err);
/* net_plan, with what else mgr-netd is to know. */
int boot_plan_net(struct net_plan *plan, const struct spec *spec, const struct store *store, const char *name,
		  struct err *err);
int up_network_service(struct boot *b, struct err *err);
int down_network_service(const struct down *d, const char *object, struct err *err);
int up_clone(struct boot *b, struct err *err);
int up_idmap(struct boot *b, struct err *err);
int up_storage(struct boot *b, struct err *err);
/* The same for somebody's work: nothing of it outlives b->tree. */
int boot_open_storage(struct boot *b, struct err *err);
int down_storage(const struct down *d, const char *object, struct err *err);
/* Close what is open of it, but the folder to sync. */
void boot_drop_storage(struct boot *b);
int up_entries_open(struct boot *b, struct err *err);
struct mount_entry;
/* The tree of one that is the host's, looked at as a start does (b->userns: whose ids it is to have). */
int boot_entry_tree(struct boot *b, const struct mount_entry *e, struct err *err);
int up_network(struct boot *b, struct err *err);
int down_network(const struct down *d, const char *object, struct err *err);
int up_forward(struct boot *b, struct err *err);
int up_init_check(struct boot *b, struct err *err);
int up_control(struct boot *b, struct err *err);
int down_control(const struct down *d, const char *object, struct err *err);

/* steps of both: hooks.c, hook_net.c */
int up_hooks(struct boot *b, struct err *err);
int up_hook_pre_start(struct boot *b, struct err *err);
int down_hook_post_stop(const struct down *d, const char *object, struct err *err);
int up_hook_pre_mount(struct boot *b, struct err *err);
int up_hook_mount(struct boot *b, struct err *err);
int up_hook_net(struct boot *b, struct err *err);
int down_hook_net(const struct down *d, const char *object, struct err *err);
int up_hook_start_host(struct boot *b, struct err *err);
int down_hook_stop(const struct down *d, const char *object, struct err *err);
int up_hook_start(struct boot *b, struct err *err);
/* The scripts of the interfaces: may they be run? */
int boot_check_scripts(const struct net_conf *net, const struct hook_places *places, struct err *err);
/* Of one that has been made: written down, then script.up runs. */
int boot_nic_scripts(const struct boot *b, const struct net_nic *made, struct err *err);
/* Is the child to stay within reach of the host's files until its mount hooks have run, or the stage is empty? */
bool hook_wants_host(const struct boot *b);
/* How long the hooks that the child runs may take together. */
uint64_t hook_child_time(const struct boot *b);

/* steps of the child */
bool boot_is_mount(int fd); /* or /dev/null, for what is left out */
int up_become_root(struct boot *b, struct err *err);
int up_rootfs(struct boot *b, struct err *err);
int up_entries(struct boot *b, struct err *err);
int up_resolver(struct boot *b, struct err *err);
int up_console(struct boot *b, struct err *err);
int up_cgroup_join(struct boot *b, struct err *err);
int up_cgroup_view(struct boot *b, struct err *err);
int up_confine(struct boot *b, struct err *err);
int up_exec(struct boot *b, struct err *err);

/* --- up.c ------------------------------------------------------------------------------------------------------------ */

void boot_init(struct boot *b, const char *name, const char *path);
/* The lock, in this phase, and what a dead run has left undone: 0; 1 when the container is running. */
int boot_begin(struct boot *b, enum store_phase phase, struct err *err);

/* --- stage.c --------------------------------------------------------------------------------------------------------- */

/* Where mounts cannot be made before they have a place (base/mnt.h) the parent makes them among the child's, or, without a
 * child, in a mount namespace of its own for the rest of its life. Elsewhere there is nothing to do. */
struct boot_stage {
	int home; /* our own mount namespace; -1: we are there */
};
int boot_stage_enter(struct boot_stage *s, const struct boot *b, struct err *err);
void boot_stage_leave(struct boot_stage *s);

/* --- parent.c ---------------------------------------------------------------------------------------------------------- */

/* /dev and the like, as far as this container has them. */
int boot_make_dev(struct boot *b, struct err *err);

/* The configuration, checked, as far as it says what the root file system is and whose. */
int boot_load(struct boot *b, struct err *err);

/* --- run.c: the table, upwards -------------------------------------------------------------------------------------- */

/* Runs the table; on failure everything is undone. The message begins with the step. */
int boot_run(struct boot *b, struct err *err);
/* In the child, from the clone step on. */
void boot_child(struct boot *b) __attribute__((noreturn));
/* Hand descriptors (console, its peer, the notify socket, and what is set in diag) to the parent. */
int boot_send_console(struct boot *b, struct err *err);

/* In the parent: until the child has done every row above this one's. */
int boot_await_child(struct boot *b, int (*up)(struct boot *b, struct err *err), struct err *err);

/* Kill and reap the child, if there is one, and undo everything. */
void boot_abort(struct boot *b);

/* Keep in the container's folder how a run ended that nobody saw end by itself. */
void boot_write_last(int folder, const char *failed);

/* --- down.c: the record, downwards ---------------------------------------------------------------------------------- */

/* Kill what lives in the container's cgroup, then undo whatever the record says. At a reboot the control socket and the
 * run's -s stay. The caller holds the lock. */
int boot_down(const struct down *d, struct err *err);

/* --- unit.c ----------------------------------------------------------------------------------------------------------- */

/* When the unit is there, b->cgroup has its name: in the unit, or at the plain place. */
int boot_await_unit(struct boot *b, struct err *err);
/* A process that serves this container's root and perhaps others': it does not end with this unit. */
void boot_move_server(const struct boot *b, pid_t pid);
/* The container runs: tell systemd-machined, where it is wanted. */
void boot_register(const struct boot *b);

/* --- pidfile.c ----------------------------------------------------------------------------------------------------------
 */

/* Write our process id to the file (NULL: none) until boot_remove_pidfile. */
int boot_make_pidfile(int rundir, const char *path, struct err *err);
/* None is 0. */
int boot_remove_pidfile(int rundir, struct err *err);

/* --- log.c ----------------------------------------------------------------------------------------------------------- */

/* Log to the container's log from here on. */
int boot_open_log(struct boot *b, struct err *err);
/* Where the configuration wants it. */
int boot_open_console_log(struct boot *b, struct err *err);

/* --- hand.c ---------------------------------------------------------------------------------------------------------- */

/* Become the supervisor. At a reboot `from` is what it gave us. Returns only on failure. */
int boot_hand_over(struct boot *b, struct err *err);

#endif
