/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sys.h"
#include "wire/wire.h"

static _Noreturn void become_init(struct harness *h, void (*init)(void))
{
	dup2(h->notify, 3);
	dup2(h->console, 4);
	sys_close_range(5, ~0U, 0);
	init();
	_exit(99);
}

/* In the process that becomes the supervisor. */
static _Noreturn void boot(struct harness *h, struct handover *o, void (*init)(void))
{
	char number[12];
	int fd;
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become_init(h, init);
	}
	o->init_pid = child;
	o->init_pidfd = sys_pidfd_open(child);
	fd = handover_write(o, NULL);
	snprintf(number, sizeof number, "%d", fd);
	if (fd >= 0)
		execl(SUPERVISOR, SUPERVISOR, number, (char *)NULL);
	_exit(98);
}

static int open_all(struct harness *h, struct handover *o)
{
	int pair[2], on = 1;

	if (!mkdtemp(strcpy(h->dir, "/tmp/test_supervisor.XXXXXX")))
		return -1;
	h->at = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	handover_init(o);
	strcpy(o->name, "test");
	o->started = (uint64_t)time(NULL) * CLOCK_SECOND;
	o->lock = openat(h->at, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	o->rundir = o->folder = h->at;
	o->control = wire_listen(h->at, "control", NULL);
	o->log = openat(h->at, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	o->console_log = openat(h->at, "console", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (openpty(&o->terminals[0].master, &h->console, NULL, NULL, NULL) < 0)
		return -1;
	o->n_terminals = 1;
	o->console_peer = dup(h->console);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	o->notify = pair[0];
	h->notify = pair[1];
	o->ready = HANDOVER_READY_NOTIFY;
	o->halt_signal = SIGTERM;
	o->reboot_signal = SIGINT;
	return 0;
}

int harness_start(struct harness *h, void (*init)(void), void (*change)(struct handover *))
{
	static struct handover o;

	memset(h, 0, sizeof *h);
	if (open_all(h, &o) < 0)
		return -1;
	if (change)
		change(&o);
	h->supervisor = fork();
	if (h->supervisor == 0)
		boot(h, &o, init);
	close(o.lock);
	close(o.control);
	close(o.log);
	close(o.console_log);
	close(o.terminals[0].master);
	close(o.console_peer);
	close(o.notify);
	if (o.diag >= 0)
		close(o.diag);
	return h->supervisor < 0 ? -1 : 0;
}

int harness_end(struct harness *h)
{
	int status = -1;

	if (h->supervisor <= 0)
		return -1;
	if (proc_wait(h->supervisor, clock_in(5 * CLOCK_SECOND), &status, NULL) < 0) {
		kill(h->supervisor, SIGKILL);
		waitpid(h->supervisor, NULL, 0);
	}
	h->supervisor = 0;
	return status >= 0 && WIFEXITED(status) ? 0 : -1;
}

void harness_done(struct harness *h)
{
	if (h->supervisor > 0) {
		kill(h->supervisor, SIGKILL);
		waitpid(h->supervisor, NULL, 0);
	}
	close(h->console);
	close(h->notify);
	close(h->at);
	file_remove_tree_at(AT_FDCWD, h->dir, NULL);
}
