/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-boot leaves to mgr-supervisor when it execs it (the same process: init's parent), and the supervisor to mgr-boot
 * at a reboot: a sealed memfd with one struct handover. The descriptors that it names are inherited under the numbers that
 * it gives, -1 where there is none; the memfd's number is the program's argument.
 *
 * Supervisors outlive upgrades, and hand over to the mgr-boot that is installed by then: the struct grows at its end alone,
 * so that there what an older one did not know has its default, and what a newer one adds is left unread. HANDOVER_VERSION
 * is for a change that breaks this: such a reboot fails, and the container is STOPPED. */
#ifndef MGR_WIRE_HANDOVER_H
#define MGR_WIRE_HANDOVER_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HANDOVER_VERSION     2
#define HANDOVER_HIERARCHIES 16
#define HANDOVER_JOIN_MAX    16384
#define HANDOVER_CLIENTS     64
#define HANDOVER_TERMINALS   17 /* the console and the others */
#define HANDOVER_NAMESPACES  8

enum handover_ready {
	HANDOVER_READY_NOTIFY,
	HANDOVER_READY_EXEC,
	HANDOVER_READY_PORT,
};

/* A terminal of the container's, seen from the host. */
struct handover_terminal {
	int32_t master;      /* pty master */
	int32_t ring;        /* memfd of what it said last (tty/ring.h) */
	uint64_t ring_end;   /* bytes that it ever said */
	uint16_t rows, cols; /* its size; 0: not known */
};

/* What a client has asked of one (WIRE_CONSOLE). */
struct handover_viewer {
	uint32_t open;   /* 0: nothing */
	uint32_t tty;    /* which */
	uint32_t writes; /* types there, too */
	uint32_t taken;  /* of what it has typed, and not told yet */
	uint64_t at;     /* it has been sent what was said before this position */
};

struct handover {
	uint32_t version, size;
	char name[64];
	char path[PATH_MAX]; /* -P as it was given, absolute; "" for the manager's own store */
	uint32_t run;        /* reboots inside so far */
	uint32_t once;       /* a reboot inside ends it */
	uint32_t short_runs; /* runs in a row that ended by a reboot at once */
	uint64_t started;    /* CLOCK_REALTIME, ns */

	int32_t init_pid, init_pidfd;
	int32_t lock;         /* run/NAME/lock, held */
	int32_t rundir;       /* run/NAME */
	int32_t folder;       /* /var/lib/mgr/NAME */
	int32_t control;      /* listening socket run/NAME/control */
	int32_t console_peer; /* other end of the first terminal, kept open: without one its master reports POLLHUP */
	int32_t notify;       /* datagram socket that the guest knows as NOTIFY_SOCKET, SO_PASSCRED set */
	int32_t diag;         /* NETLINK_SOCK_DIAG socket of its network, with HANDOVER_READY_PORT */
	int32_t log;          /* /var/log/mgr/NAME/log, O_APPEND */
	int32_t console_log;  /* /var/log/mgr/NAME/console, O_APPEND */
	uint64_t console_log_max, log_max; /* bytes before each is rotated; 0: never */
	uint32_t log_level;                /* enum log_level */
	uint64_t history;                  /* bytes of a terminal's ring; 0: none is shown */
	uint32_t n_terminals;              /* the console is the first */
	struct handover_terminal terminals[HANDOVER_TERMINALS];
	int32_t netd; /* connection that sent the join below */

	uint32_t ready; /* enum handover_ready */
	uint32_t ready_port;
	int32_t halt_signal, reboot_signal, stop_signal; /* stop_signal: what `stop -k` sends; 0 or SIGKILL: kill the tree */
	uint32_t init_uid;                               /* container root as the host sees it */

	/* what an attach must have */
	int32_t seccomp;   /* sealed memfd of struct sock_filter[], or -1 */
	uint64_t cap_keep; /* bounding set, bit n = capability n */
	uint32_t no_new_privs;
	uint32_t idmapped; /* has a user namespace of its own */
	uint32_t n_cgroups;
	int32_t cgroups[HANDOVER_HIERARCHIES]; /* O_PATH folders of its cgroup, the v2 one first when cgroup_v2 */
	uint32_t cgroup_v2;

	/* its namespaces, for the hooks at its end; none are kept when there are no such hooks */
	uint32_t n_namespaces;
	int32_t namespaces[HANDOVER_NAMESPACES];

	/* connections to the control socket that stay over a reboot; bit n of watching: clients[n] has sent WIRE_WATCH */
	uint32_t n_clients;
	int32_t clients[HANDOVER_CLIENTS];
	uint64_t watching;
	struct handover_viewer viewers[HANDOVER_CLIENTS];

	uint32_t join_len; /* struct wire_net_join to send to a new mgr-netd; 0 when it is not on the managed network */
	uint8_t join[HANDOVER_JOIN_MAX];

	/* since then */
	uint32_t attended; /* 1: clients[0] has run the command; when it closes, the container is stopped */

	int32_t join_file;      /* sealed memfd with the join, when it is longer than `join`: then join_len is 0, */
	uint32_t join_file_len; /* and this is how long it is */

	int32_t disk;        /* the root folder, where it has a file system of its own: to be synced at the end */
	int32_t storage_use; /* lock, held as long as what the root is on is in use; a file, see served */
	int32_t served;      /* pidfd of the process that serves the disk that the root is on; the file that storage_use is
			      * begins with "ok" once that has ended as it should */
	uint32_t unserved;   /* 1: it has ended in this run */

	uint32_t failing; /* 1: its file system had an error in this run, or the server of its disk could not write */
	uint32_t told;    /* 1: who has asked for the reboot hears what the run before it has lost */
};

/* What every one has. At the end no byte is left over, which a new member would get from an older one's padding. */
#define HANDOVER_MIN offsetof(struct handover, attended)
_Static_assert(sizeof(struct handover) == offsetof(struct handover, told) + sizeof(uint32_t),
	       "handover: padding at its end");

struct wire_net_join;
/* The join goes into it, with a descriptor of its own where it is long. */
int handover_put_join(struct handover *h, const struct wire_net_join *join, struct err *err);
/* The join of one that has it (join_len or join_file), allocated; the descriptor is closed. */
struct wire_net_join *handover_take_join(struct handover *h, size_t *ret_len, struct err *err);

/* Version and size filled in, every descriptor -1, all else 0. */
void handover_init(struct handover *h);
/* The struct as a sealed memfd that survives exec, its named descriptors too. Returns the fd. */
int handover_write(const struct handover *h, struct err *err);
/* Read and check it; marks every named descriptor close-on-exec again and closes fd. */
int handover_read(int fd, struct handover *h, struct err *err);

#endif
