/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What runs as the container's PID 1: its command, its signals, when it is ready, and why it cannot be run. */
#ifndef MGR_INIT_INIT_H
#define MGR_INIT_INIT_H

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

/* Which signal asks the init at path inside the root to halt: systemd SIGRTMIN+3, busybox SIGUSR2, others SIGPWR. */
int init_halt_signal(int root, const char *path);
/* Why execve of path inside the root would fail: absent, not executable, which interpreter or library is missing. 0 when
 * nothing is seen. */
int init_check(int root, const char *path, struct err *err);

#endif
