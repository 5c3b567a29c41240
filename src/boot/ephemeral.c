/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that is there for one run (store/ephemeral.h): mgr-manage removes it once that is undone. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/debug.h"
#include "base/log.h"
#include "base/proc.h"
#include "boot/internal.h"
#include "store/ephemeral.h"

#define MANAGE       MGR_LIBEXECDIR "/mgr-manage"
#define DESTROY_TIME (600 * CLOCK_SECOND)

int boot_ephemeral_begin(struct boot *b, struct err *err)
{
	if (!b->spec.container.ephemeral || b->from)
		return 0;
	b->mark = ephemeral_mark(&b->store, b->name, b->spec.container.uuid, clock_now(), err);
	if (b->mark != -EAGAIN) /* else who makes it has it */
		return b->mark < 0 ? b->mark : 0;
	err_clear(err);
	return 0;
}

void boot_ephemeral_fail(struct boot *b)
{
	if (b->mark >= 0)
		ephemeral_forget(&b->store, b->name);
}

/* Others who have the same open file let go of it, too. */
static void unlock(int lock)
{
	struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	fcntl(lock, F_OFD_SETLK, &all);
}

bool boot_ephemeral_end(const struct boot *b, int lock)
{
	const char *argv[] = { MANAGE, "destroy", "--force", b->name, NULL, NULL, NULL };
	const struct proc_fd fds[] = { { b->log >= 0 ? b->log : STDERR_FILENO, STDERR_FILENO } };
	struct err err = { 0 };
	int status = 0, r;
	char text[48];
	pid_t pid;

	if (ephemeral_is_marked(&b->store, b->name) <= 0)
		return false;
	if (*b->path) {
		argv[4] = "-P";
		argv[5] = b->path;
	}
	debug_point("ephemeral", "over");
	unlock(lock);
	pid = proc_spawn(argv, fds, 1, NULL, &err);
	r = pid < 0 ? pid : proc_wait(pid, clock_in(DESTROY_TIME), &status, &err);
	if (r < 0 || status)
		log_error("remove it, which was there for one run: %s", r < 0 ? err.msg : proc_status_text(status, text));
	return true;
}
