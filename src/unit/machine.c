/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/proc.h"
#include "unit/internal.h"

bool unit_has_machined(void)
{
	return access("/usr/lib/systemd/systemd-machined", X_OK) == 0 || access("/lib/systemd/systemd-machined", X_OK) == 0;
}

int unit_register(const struct unit_machine *machine, struct err *err)
{
	const struct proc_fd log = { machine->log, STDERR_FILENO };
	char leader[12];
	const char *const argv[] = { UNIT_PROGRAM, "--machine", machine->name, machine->uuid, leader, machine->root, NULL };
	pid_t pid;

	snprintf(leader, sizeof leader, "%d", (int)machine->leader);
	pid = proc_spawn(argv, &log, machine->log >= 0, NULL, err);
	return pid < 0 ? pid : 0;
}
