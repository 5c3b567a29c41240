/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that stays with a container: init's parent. It waits for init's end, answers the control socket, keeps the
 * console drained, and at the end has mgr-boot undo what mgr-boot has done. Static and small on purpose: one runs for every
 * container. */
#ifndef MGR_SUPERVISOR_SUPERVISOR_H
#define MGR_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "cgroup/freeze.h"
#include "supervisor/console.h"
#include "wire/handover.h"
#include "wire/net.h"
#include "wire/server.h"
#include "wire/wire.h"

struct freeze {
	bool open;
	struct cgroup_freezer freezer; /* while open: from a freeze until it has been thawed */
	struct loop_io *io;            /* its events; NULL with v1 */
	struct loop_timer look, late;
	uint64_t wait; /* ns until the next look */
	bool asked;    /* mgr-netd's answer comes first */
};

struct oom {
	uint64_t kills;  /* as last counted */
	uint64_t logged; /* as last written to the log, */
	uint64_t when;   /* at this time (clock.h); 0: not yet */
	int file;        /* that counts them; open while watched */
	int event;       /* v1's eventfd, or -1 */
	struct loop_io *io;
	struct loop_timer rest;
};

struct netd_link {
	int sock; /* -1 while there is none */
	struct wire_net_join *join;
	size_t join_len;
	unsigned failures; /* in a row */
	struct loop_io *io;
	struct loop_timer again;

	struct wire_client *asking;        /* for a change that mgr-netd has not answered yet; NULL when it has gone */
	struct wire_forward_change change; /* that one */
	bool changing;
	bool joining;   /* a join has been sent again, and its answer is not there yet */
	unsigned dozes; /* WIRE_NET_DOZEs that are not answered yet */
};

struct supervisor {
	struct loop *loop;
	char name[64];
	char *path; /* -P, or "" */
	uint32_t run;
	bool once;                         /* a reboot inside ends it */
	const struct wire_client *attends; /* who runs a command and waits for it: without that one it ends; or NULL */
	uint64_t started;                  /* CLOCK_REALTIME, ns */
	uint64_t since;                    /* the same by clock.h */
	uint32_t short_runs;               /* in a row, each ended by a reboot */
	struct loop_timer reboot_rest;     /* armed: waits to start again */

	enum wire_state state;
	bool ready;
	char ready_how[64];
	char status[128]; /* the guest's STATUS= */

	pid_t init, down; /* 0: none */
	int init_pidfd, lock, rundir, folder, control, signals, log;
	uint64_t log_max;
	enum log_level log_level;
	bool ended;       /* init has ended: */
	int init_status;  /* its wait status */
	bool asked;       /* a WIRE_STOP has come */
	bool killed;      /* by what a WIRE_STOP asked for */
	bool reboot_wish; /* what the last WIRE_STOP asked for is a reboot */
	int halt_signal, reboot_signal, stop_signal;
	int asking;             /* the signal that init is to get once it takes it */
	struct loop_timer ask;  /* looks whether it does */
	struct loop_timer kill; /* when the patience of a WIRE_STOP ends */

	enum handover_ready ready_by;
	uint16_t ready_port;
	int notify;
	int diag; /* while the port is looked for */
	struct loop_io *notify_io;
	unsigned messages; /* from there since the last rest */
	struct loop_timer notify_rest;
	struct loop_timer port_look;
	uint64_t port_since;
	bool port_failed; /* the last time */

	uint32_t init_uid, no_new_privs, idmapped;
	uint64_t cap_keep;
	int seccomp;
	uint32_t n_cgroups;
	bool cgroup_v2;
	int cgroups[HANDOVER_HIERARCHIES];
	uint32_t n_namespaces; /* kept for the hooks at the end */
	int namespaces[HANDOVER_NAMESPACES];
	int disk, storage_use, served; /* wire/handover.h */
	struct loop_io *served_io;
	uint64_t unserved; /* as in struct wire_status */
	uint64_t failing;  /* the same */
	int failing_fs, failing_server;
	struct loop_io *failing_fs_io, *failing_server_io;
	bool told; /* as in struct handover */

	unsigned n_consoles;
	struct console *consoles; /* the first is /dev/console */
	uint64_t history;         /* bytes shown of each; 0: none */
	struct freeze freeze;
	struct oom oom;
	struct netd_link netd;
	struct device_job *device; /* a change that is under way; NULL: none */
	struct wire_server server;
};

/* take.c: the handover, both ways. */
int take_over(struct supervisor *s, int handover, struct err *err);
/* A handover for mgr-boot --reboot; its descriptor. */
int hand_over(const struct supervisor *s, struct err *err);

/* requests.c */
extern const struct wire_request supervisor_requests[];

/* state.c: how things are. */
void supervisor_status(const struct supervisor *s, struct wire_status *st);
/* Change the state, the lock's phase with it, and tell the watchers. */
void supervisor_enter(struct supervisor *s, enum wire_state state);
/* Tell the watchers how things are. */
void supervisor_tell(struct supervisor *s);

#define SUPERVISOR_PATIENCE (60 * CLOCK_SECOND) /* until a kill, where nobody has said how much */
/* stop.c: what a WIRE_STOP asks for. Begin to end it; how: enum wire_stop_how. -EBADMSG when it is none, -ESRCH when init
 * has ended already. */
int supervisor_stop(struct supervisor *s, uint32_t how, uint64_t timeout, struct err *err);
/* Whoever has run the command is gone, without a word. */
void supervisor_left_alone(struct supervisor *s);
/* Kill every process of the container. */
void supervisor_kill(struct supervisor *s);
/* Init has ended: nothing more to ask of it. */
void supervisor_stopped(struct supervisor *s);

/* freeze.c */
int answer_freeze(struct wire_client *client, const void *payload, size_t len, struct err *err);
int answer_thaw(struct wire_client *client, const void *payload, size_t len, struct err *err);
/* mgr-netd has been told. */
void freeze_go_on(struct supervisor *s);
/* The run ends: nothing may stay frozen, whoever has done it, and whoever waits for it has an answer. */
void freeze_end(struct supervisor *s);

/* oom.c: processes that the kernel kills for want of memory; told to the watchers and the log. */
void oom_start(struct supervisor *s);
/* Init has ended: count for the last time. */
void oom_stop(struct supervisor *s);

/* served.c: the process that serves its disk, if there is one, is to outlive it. */
int served_watch(struct supervisor *s, struct err *err);
/* Init has ended. */
void served_stop(struct supervisor *s);

/* failing.c: what is below its file system does not take what is written. */
int failing_watch(struct supervisor *s, struct err *err);
void failing_stop(struct supervisor *s);

/* end.c: children and the end of the run. */
void supervisor_reap(struct supervisor *s);
/* Has the guest ended as asked, by us or by itself, and is everything undone? For who has started us, such as systemd. */
bool supervisor_ended_well(const struct supervisor *s);

/* ready.c */
int ready_start(struct supervisor *s, struct err *err);
void ready_stop(struct supervisor *s);

/* port.c: 1 when something listens on the ready port, 0 when nothing does, or -errno. */
int port_listens(const struct supervisor *s);

/* link.c: the connection to mgr-netd. */
int netd_start(struct supervisor *s, struct err *err);
void netd_stop(struct supervisor *s);

/* May it be lent: is no answer due there? */
bool netd_is_idle(const struct supervisor *s);
/* Nobody hears or sends there until it is taken back. Its descriptor, -1: there is none. */
int netd_lend(struct supervisor *s);
/* sock: owned; -1: none any more. join: what stands for the container there now, len 0: nothing. */
void netd_take_back(struct supervisor *s, int sock, const void *join, uint32_t len, int file);
/* As it was lent: what mgr-boot has said there meanwhile is said again by a later change. */
void netd_take_back_as_it_was(struct supervisor *s);

/* doze.c: mgr-netd is told the state. Will it answer? */
bool doze_tell(struct supervisor *s);
void doze_answered(struct supervisor *s);

/* device.c: a device more or less, which mgr-boot makes. */
int device_ask(struct wire_client *client, const void *payload, size_t len, struct err *err);
/* The connection to mgr-netd may be lent now. */
void device_go_on(struct supervisor *s);
/* Was it a process of such a change? */
bool device_reap(struct supervisor *s, pid_t pid, int status);
void device_client_gone(struct supervisor *s, const struct wire_client *client);
/* The run is over: true when a change is to be waited for, which is killed; run_over is called behind it. */
bool device_end(struct supervisor *s);
/* end.c: init has ended, and whatever goes by the run. */
void supervisor_run_over(struct supervisor *s);

/* forward.c: one port more or less. */
int forward_ask(struct wire_client *client, const void *payload, size_t len, struct err *err);
/* mgr-netd's answer; why: of a refusal, NULL when it is done. */
void forward_answered(struct supervisor *s, const struct err *why);
void forward_client_gone(struct supervisor *s, const struct wire_client *client);

#endif
