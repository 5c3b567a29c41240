/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a container, as its user sees it: mgr-boot is run, and says how it went. */
#ifndef MGR_LIB_START_H
#define MGR_LIB_START_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

/* A command that runs as the child of a small init of mgr's own. */
struct lib_command {
	const struct strv *argv;
	const char *user; /* of the guest, a name or a number; NULL: root */
	const char *term; /* TERM, when one of these is a terminal; else NULL */
	int terminal;     /* whose window's size its terminal has; -1: none */
	int stdio[3];     /* its standard descriptors, handed in as they are, not consumed; -1: the console's terminal */
};

struct lib_start {
	const struct strv *assign;         /* "section.key=value" for this run, in order; may be NULL */
	const char *uuid;                  /* the container's, or it is not started; NULL: whatever it is */
	const char *pidfile;               /* gets the supervisor's process id while the run lasts; NULL: none */
	const struct lib_command *command; /* instead of init; NULL: init as configured */
	int *exit_code; /* with a failure: 126 or 127 when the command was the reason, else 125; may be NULL */
	/* One end of a SEQPACKET pair, which the supervisor takes as a control connection (wire/wire.h) before anything can
	 * happen in the container: what was sent into the other end waits for it. -1: none. Not consumed. */
	int client;
	/* The supervisor's process id. It is nobody's child then, as the service manager wants it that a service's main
	 * process hands over to. NULL: not wanted. */
	pid_t *pid;
};

/* Returns when init has been exec'd; a stop that is under way is waited for. 0; 1 when the container was running already,
 * and nothing was done; or why it could not be started, everything being undone. */
int lib_start(const struct store *store, const char *name, const struct lib_start *how, struct err *err);

/* It may be stopped: mgr-netd is told what its configuration says of connections that are to start it, and is started for
 * that. -EADDRINUSE naming who has a port. Of one that runs nothing is told: it waits once it has stopped. */
int lib_await(const struct store *store, const char *name, struct err *err);

#endif
