/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's service manager, where it is systemd: units of our own, which it gives us, and what it is told. Its bus is
 * mgr-systemd's matter, the one program that links libsystemd; this room runs it. */
#ifndef MGR_UNIT_UNIT_H
#define MGR_UNIT_UNIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

#define UNIT_NAME_MAX 128 /* bytes of a unit's name */

/* systemd is PID 1 here (sd_booted(3)). */
bool unit_is_systemd(void);
/* It is, and can be asked: mgr-systemd is installed. */
bool unit_here(void);

/* The cgroup of this process in the v2 hierarchy, "mgr.slice/mgr-web.scope". 0 or -errno. */
int unit_cgroup(char *ret, size_t size, struct err *err);
/* Are we in mgr@NAME.service, and is its cgroup ours to divide (Delegate=yes)? 1 with its cgroup, 0 or -errno. */
int unit_own(const char *name, char *ret, size_t size, struct err *err);

/* Is mgr@NAME.service to be started with the machine? */
bool unit_is_enabled(const char *name);

enum unit_kind {
	UNIT_CONTAINER, /* delegated; a stop of it asks for a clean end by UNIT_STOP_SIGNAL */
	UNIT_LASTING,   /* serves containers, and lives longer than the one that started it */
};
/* What every process of a container's scope gets when systemd stops it: the guest's do not care, its supervisor does. */
#define UNIT_STOP_SIGNAL SIGURG

/* What asks the process that stays for a clean end. Blocked from mgr-boot's start on, so that one that comes before the
 * supervisor listens waits for it. */
static inline void unit_stop_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, UNIT_STOP_SIGNAL); /* never a disposition for it: that would drop one that waits (sigaction(2)) */
}

/* "mgr-web.scope": a name that no other container's is. */
int unit_scope_name(const struct store *store, const char *name, char ret[static UNIT_NAME_MAX], struct err *err);
/* The same of what serves the store's containers: "netd". */
int unit_lasting_name(const struct store *store, const char *what, char ret[static UNIT_NAME_MAX], struct err *err);
struct unit_scope {
	enum unit_kind kind;
	const char *name, *description;
	pid_t pid; /* what is to be in it */
	int log;   /* gets what goes wrong; -1 */
};
/* Ask for a scope; a left-over of that name goes first. Returns a descriptor to hear the answer from. */
int unit_scope_begin(const struct unit_scope *scope, struct err *err);
/* The answer: 0 when the process is in it. Closes the descriptor. */
int unit_scope_finish(int from, uint64_t deadline, struct err *err);

struct unit_machine {
	const char *name, *uuid, *root; /* root: its folder on the host */
	pid_t leader;
	int log;
};
/* Is there a systemd-machined to tell? */
bool unit_has_machined(void);
/* Tell it of a container that runs in a unit of ours; it forgets it with the unit. Nobody waits: what goes wrong is in the
 * log. */
int unit_register(const struct unit_machine *machine, struct err *err);

/* Daemons of the host's that are told of a network of ours; each returns the process that tells them, a child of ours.
 * log: gets what goes wrong; -1. */
bool unit_has_bus(void);
bool unit_has_resolved(void);
/* firewalld lets everything through that goes to the interface or comes from it, or no longer: its zone "trusted". */
pid_t unit_tell_firewalld(const char *interface, bool trust, int log, struct err *err);
/* systemd-resolved asks the server at this IPv4 address for what ends in one of these domains. */
pid_t unit_tell_resolved(const char *interface, const char *server, const struct strv *domains, int log, struct err *err);

/* Say "READY=1" and the like to the service manager that has started us (sd_notify(3)). Without one it is nothing. */
int unit_notify(const char *state, struct err *err);
/* Does one wait for that: has it started this very process? Others inherit the variable that says where to. */
bool unit_is_awaited(void);

#endif
