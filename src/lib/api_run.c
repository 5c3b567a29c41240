/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "base/sys.h"
#include "lib/api.h"
#include "lib/start.h"
#include "life/freeze.h"
#include "life/stop.h"

struct outcome {
	int r;
	struct err err;
};

/* What other threads have open must not be held open: they may wait for its end. */
static _Noreturn void start_here(struct mgr *m, const char *name, const struct lib_start *how, int into)
{
	struct outcome out = { 0 };

	if ((into == 3 || dup3(into, 3, O_CLOEXEC) == 3) && sys_close_range(4, ~0U, 0) == 0) {
		out.r = lib_start(&m->store, name, how, &out.err);
		(void)!write(3, &out, sizeof out);
	}
	_exit(0);
}

/* lib_start in a process between: mgr-boot becomes the supervisor, which is not to be a child of the caller's, who would
 * find it among those that it waits for. */
static int start_apart(struct mgr *m, const char *name, const struct lib_start *how, struct err *err)
{
	autoclose int from = -1, into = -1;
	struct outcome out = { 0 };
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	from = pair[0];
	into = pair[1];
	pid = fork();
	if (pid == 0)
		start_here(m, name, how, into);
	if (pid < 0)
		return err_sys(err, errno, "make a process");
	close(steal_fd(&into));
	(void)proc_wait(pid, CLOCK_NEVER, NULL, NULL);
	if (read(from, &out, sizeof out) != sizeof out)
		return err_set(err, ECHILD, "the process that starts it has ended early");
	if (out.r < 0)
		*err = out.err;
	return out.r;
}

int mgr_start(struct mgr *m, const char *name, const struct mgr_start_options *options, struct mgr_error *error)
{
	autocall(strv_done) struct strv set = { 0 };
	struct lib_start how = { .assign = &set, .client = -1 };
	struct mgr_start_options o;
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = api_options(&o, sizeof o, options, &err);
	if (r == 0 && api_add_all(&set, NULL, o.set) < 0)
		r = err_nomem(&err);
	if (r == 0)
		r = start_apart(m, name, &how, &err);
	return api_end(r, &err, error);
}

static int stop(struct mgr *m, const char *name, const struct life_stop *how, struct mgr_error *error)
{
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = life_stop(&m->store, name, how, &err);
	return api_end(r, &err, error);
}

int mgr_stop(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error)
{
	return stop(m, name, &(struct life_stop){ .how = WIRE_HALT, .timeout = api_timeout(timeout_ms) }, error);
}

int mgr_kill(struct mgr *m, const char *name, struct mgr_error *error)
{
	return stop(m, name, &(struct life_stop){ .how = WIRE_KILL }, error);
}

int mgr_reboot(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error)
{
	const struct life_stop how = { .how = WIRE_REBOOT, .timeout = api_timeout(timeout_ms), .no_kill = true };

	return stop(m, name, &how, error);
}

int mgr_freeze(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error)
{
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = life_freeze(&m->store, name, api_timeout(timeout_ms), &err);
	return api_end(r, &err, error);
}

int mgr_unfreeze(struct mgr *m, const char *name, struct mgr_error *error)
{
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = life_thaw(&m->store, name, &err);
	return api_end(r, &err, error);
}
