/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of a container: one table of steps (steps.c), parent and child halves; the same table undoes it. */
#ifndef MGR_BOOT_BOOT_H
#define MGR_BOOT_BOOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

/* A command that runs instead of the configured init, as the child of mgr-init. */
struct boot_command {
	char **argv;        /* NULL: init as configured; ends with NULL */
	const char *user;   /* of the guest; NULL: root */
	const char *term;   /* the host's TERM, when one of its standard descriptors is a terminal; else NULL */
	const char *window; /* ROWSxCOLS of the console; NULL: not known */
	int stdio[3];       /* handed in as they are; -1: the console */
};

struct boot_request {
	const char *name;
	const char *path;    /* of -P, or NULL */
	struct strv assign;  /* of -s, for this run */
	const char *uuid;    /* what the container's is to be, or NULL */
	int lock;            /* held by the caller, or -1 */
	const char *pidfile; /* absolute, or NULL */
	struct boot_command command;
	bool orphan;       /* be nobody's child: whoever has started us ends while systemd looks on */
	int client;        /* to be a control connection of the supervisor, or -1 */
	pid_t init;        /* of --device: the container's */
	int netd;          /* of --device: its connection to mgr-netd, or -1 */
	char **words;      /* of --device: what is to be done; ends with NULL */
	bool disk;         /* of --down: BOOT_DISK_FD is the root folder, to be synced */
	bool unserved;     /* of --down: what serves its disk has ended before it */
	bool failing;      /* of --down: its file system had an error */
	size_t namespaces; /* how many descriptors of the container's, from BOOT_NAMESPACES_FD on */
};

/* Each is a whole life of mgr-boot and returns an exit status. */

/* Start; answers with a struct boot_result and becomes the supervisor. */
int boot_up(const struct boot_request *request);
/* Open the root of a container at rest, for its files to be worked on: answers with a struct boot_result and descriptors. */
int boot_open(const struct boot_request *request);
/* Change the devices of one that runs: answers with a struct boot_device_result. */
int boot_device(const struct boot_request *request);
/* Tell mgr-netd whether it waits for a connection while it is stopped; a container of this name that is not there, or has
 * another uuid, waits for none. Answers with a struct boot_result. */
int boot_await(const struct boot_request *request);
/* Undo what the record says. */
int boot_undo(const struct boot_request *request);
/* The container has rebooted: down and up again, in the supervisor's place. handover: its descriptor. */
int boot_again(int handover);

#endif
