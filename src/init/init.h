/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What runs as the container's PID 1: its command, its signals, when it is ready, and why it cannot be run. */
#ifndef MGR_INIT_INIT_H
#define MGR_INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "wire/handover.h"

struct init_ready {
	enum handover_ready how;
	uint16_t port;
};

struct init_conf {
	char *cmd; /* NULL: /sbin/init */
	char *cwd;
	uint32_t uid, gid;
	struct init_ready ready;
	int halt, reboot, stop;  /* [signal]; 0: found from the init */
	struct strv environment; /* [environment], KEY=VALUE */
};

/* The words of cmd ("/sbin/init" when NULL), quoted as in a shell: argv[0] is the path of the program. */
int init_argv(const struct init_conf *conf, struct strv *ret, struct err *err);
/* Its environment: systemd's container interface, a PATH, and [environment], which wins. */
int init_environment(const struct init_conf *conf, const char *uuid, struct strv *ret, struct err *err);

/* Which signal asks the init at path inside the root to halt: systemd SIGRTMIN+3, busybox SIGUSR2, others SIGPWR. */
int init_halt_signal(int root, const char *path);
/* Which signal asks it to reboot: systemd SIGRTMIN+5, busybox SIGTERM, others SIGINT. */
int init_reboot_signal(int root, const char *path);
/* Is it one that says READY=1 (sd_notify(3)) once it has booted: systemd? */
bool init_says_ready(int root, const char *path);
/* Why it would not run: absent, not executable, which interpreter or library is missing. 0 when nothing is seen. */
int init_check(int root, const char *path, struct err *err);

/* --- a command in init's place: mgr-init is PID 1, the command its child --------------------------------------------------
 */

/* Exit codes of who runs a command, as a shell has them. */
#define INIT_CANNOT_EXECUTE 126
#define INIT_NOT_FOUND      127

struct init_command {
	int program; /* of init_program */
	int report;  /* socket: closed when the command runs; else one struct init_report comes */
	int stdio[3];
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	const char *cwd; /* "/" where it is not there */
	const struct strv *argv, *env;
};

struct init_report {
	int32_t exit_code;
	struct err err;
};

/* mgr-init as a sealed memory file: through /proc/1/exe container root reaches nothing that it could change. Returns its fd.
 */
int init_program(struct err *err);

/* Why execvp(3) of this name has failed with this errno: err is filled, and the exit code for it returned. root: the folder
 * that is / there. */
int init_explain(int root, const char *name, int code, struct err *err);

/* --- in the child, inside the container ------------------------------------------------------------------------------ */

#define INIT_NOTIFY_PATH "/run/host/notify"

/* The datagram socket that init knows as NOTIFY_SOCKET, below a /run that must be mounted already (systemd mounts its own
 * over anything else). Owned by container root, 0600. Returns its fd. */
int init_notify_listen(struct err *err);
/* Default signals, the console as 0, 1 and 2, nothing else open, its own session; then exec. Returns only
 * on failure. */
int init_exec(const struct init_conf *conf, int console, const struct strv *argv, const struct strv *env, struct err *err);
/* The same for a command. */
int init_exec_command(const struct init_command *cmd, struct err *err);

#endif
