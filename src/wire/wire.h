/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control protocol of what stays running: the supervisor of a container (run/NAME/control) and mgr-netd (.net/control).
 * One SEQPACKET packet a message: a head, then the payload. Only uid 0 is answered. Both ends run on one machine: numbers
 * are in host order. Supervisors outlive upgrades: a request that has another version is answered with -EPROTONOSUPPORT, and
 * the payload of an answer may only grow, at its end. */
#ifndef MGR_WIRE_WIRE_H
#define MGR_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define WIRE_MAGIC   0x3172676dU /* "mgr1" */
#define WIRE_VERSION 1
#define WIRE_MAX     32768 /* longest packet, head included */
#define WIRE_LONGEST                                                                                                        \
	(4U << 20) /* payload of a request; one that no packet has room for comes as a sealed memfd with the head */

enum wire_type {
	WIRE_STATUS = 1,   /* -> struct wire_status */
	WIRE_WATCH,        /* -> struct wire_status now, and one more at each change, until the peer closes */
	WIRE_STOP,         /* struct wire_stop -> a reply when it is under way; watch to see the end */
	WIRE_ATTACH,       /* nothing or struct wire_attach_ask -> struct wire_attach, with descriptors */
	WIRE_NET_JOIN,     /* netd: struct wire_net_join, the connection then stands for the container */
	WIRE_NET_LEAVE,    /* netd: struct wire_net_leave */
	WIRE_NET_STATUS,   /* netd: -> struct wire_net_status */
	WIRE_NET_UP,       /* netd: stay until told otherwise */
	WIRE_NET_DOWN,     /* netd: no longer */
	WIRE_FREEZE,       /* struct wire_freeze -> a reply when every process is stopped */
	WIRE_THAW,         /* -> a reply when every process runs */
	WIRE_CONSOLE,      /* wire/console.h: the connection is then a terminal's */
	WIRE_FORWARD,      /* struct wire_forward_change (wire/net.h) -> a reply when it is so */
	WIRE_NET_FORWARD,  /* netd: the same, on the connection that stands for the container */
	WIRE_CONSOLE_DATA, /* wire/console.h: once a terminal's */
	WIRE_CONSOLE_SIZE,
	WIRE_CONSOLE_GAP,
	WIRE_CONSOLE_TAKEN, /* wire/console.h */
	WIRE_DEVICE,        /* wire/device.h -> a text, when it is so */
	WIRE_NET_REPAIR,    /* netd: make everything as it should be -> struct wire_net_repair */
	WIRE_NET_WAIT,   /* netd: struct wire_net_join of a container that is stopped: what its forwards wake it for waits */
	WIRE_NET_FORGET, /* netd: struct wire_net_leave: it waits for nothing any more */
	WIRE_NET_DOZE,   /* netd: struct wire_net_doze, on the connection that stands for the container */
	WIRE_TYPES,
};

struct wire_head {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t length; /* of the payload, bytes */
	int32_t code;    /* in a reply: 0, or an errno value, the payload then being its message */
};

enum wire_state {
	WIRE_STOPPED,
	WIRE_STARTING,
	WIRE_RUNNING,
	WIRE_STOPPING,
	WIRE_ABORTING,
	WIRE_FREEZING,
	WIRE_FROZEN,
	WIRE_THAWED,
	WIRE_STATES,
};

extern const char *const wire_state_names[WIRE_STATES]; /* LXC's */

/* Bits of the states in which init has been started and its supervisor answers. */
#define WIRE_STATES_RUN (1U << WIRE_RUNNING | 1U << WIRE_FREEZING | 1U << WIRE_FROZEN | 1U << WIRE_THAWED)

struct wire_status {
	uint32_t state;   /* enum wire_state */
	int32_t init_pid; /* in the reader's pid namespace; 0 when there is none */
	int32_t supervisor_pid;
	uint32_t ready;      /* 0 not yet, 1 ready */
	char ready_how[64];  /* "notify", "exec", "port 80"; "" while not ready */
	char status[128];    /* the guest's last STATUS= text, printable characters only */
	uint64_t started;    /* CLOCK_REALTIME, ns, when init was exec'd */
	uint32_t run;        /* counts reboots inside since the start, from 0 */
	uint32_t ended;      /* 1: init of this run has ended, and exit_status tells how */
	int32_t exit_status; /* as waitpid(2) has it */
	uint64_t oom_kills;  /* processes that the kernel has killed in this run for want of memory */
	uint64_t unserved;   /* CLOCK_REALTIME, ns, when what serves its disk was killed: I/O errors since; 0: it was not */
	uint64_t failing;    /* the same, when its file system had an error, or its disk took no more: what is written may be
				lost */
};

/* What every supervisor's answer has; what was added since is 0 in an older one's. */
#define WIRE_STATUS_MIN offsetof(struct wire_status, ended)

/* WIRE_FREEZE */
struct wire_freeze {
	uint64_t timeout; /* ns until it is thawed again and -ETIMEDOUT is the answer; CLOCK_NEVER: never */
};

struct wire_stop {
	uint32_t how;     /* enum wire_stop_how */
	uint64_t timeout; /* ns until SIGKILL; CLOCK_NEVER: never */
};

enum wire_stop_how {
	WIRE_HALT,
	WIRE_KILL,
	WIRE_REBOOT,
};

/* --- client --------------------------------------------------------------------------------------------------------- */

/* Connect to the socket `name` in the folder dirfd (any path length). Returns the fd; -ENOENT or -ECONNREFUSED when nobody
 * listens. The socket is blocking. */
int wire_connect(int dirfd, const char *name, struct err *err);
/* The same; -ETIMEDOUT when the listener has so many waiting that ours is not taken in by then. */
int wire_connect_by(int dirfd, const char *name, uint64_t deadline, struct err *err);
/* Listening socket of this name in dirfd, 0600; replaces what a dead process left. */
int wire_listen(int dirfd, const char *name, struct err *err);

int wire_send(int sock, enum wire_type type, int code, const void *payload, size_t len, const int *fds, size_t n,
	      struct err *err);

/* One packet, checked: magic, version, type, length. buf receives the payload, cut to size bytes where a newer peer's has
 * grown, zeroed behind it where an older peer's has not. Returns the length received of it,
 * -ECONNRESET when the peer is gone, -ETIMEDOUT. A reply that carries an error becomes that error, with its message. fds has
 * room for max descriptors; more are closed. */
int wire_recv(int sock, enum wire_type type, void *buf, size_t size, int *fds, size_t max, size_t *ret_n, uint64_t deadline,
	      struct err *err);

/* wire_send, then wire_recv of its reply. */
int wire_call(int sock, enum wire_type type, const void *req, size_t len, void *reply, size_t size, uint64_t deadline,
	      struct err *err);

/* --- both ----------------------------------------------------------------------------------------------------------- */

/* One packet of any type, checked as wire_recv does, without waiting: buf holds head and payload. Returns the payload's
 * length; -EAGAIN, -ECONNRESET when the peer is gone; -EPROTONOSUPPORT (another version, head filled in), -EBADMSG (not our
 * protocol). Descriptors that come along are closed. */
int wire_take(int sock, void *buf, size_t size, struct wire_head *ret_head);
/* The same of a request: where its payload does not come in the packet, *ret_map has it, to be unmapped; else it is NULL. */
int wire_take_request(int sock, void *buf, size_t size, struct wire_head *ret_head, void **ret_map);

/* The error that a reply with a code carries: -code, with its message. */
int wire_refused(const struct wire_head *head, const void *payload, struct err *err);

/* uid of the peer is 0 in our user namespace. */
bool wire_peer_is_root(int sock);

#endif
