/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run without a supervisor has left: mgr-boot undoes it. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "life/state.h"
#include "life/stop.h"
#include "store/claim.h"
#include "store/restore.h"

#define BOOT      MGR_LIBEXECDIR "/mgr-boot"
#define UNDO_TIME (60 * CLOCK_SECOND)

/* Is there a record of what must be undone? */
static bool has_left(const struct store *store, const char *name)
{
	autoclose int dir = store_runtime(store, name, false, NULL);

	return dir >= 0 && faccessat(dir, "undo", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int run_down(const struct store *store, const char *name, struct err *err)
{
	const bool own = !str_eq(store->containers, store->manager);
	const char *const with[] = { BOOT, "--down", "-P", store->containers, name, NULL };
	const char *const without[] = { BOOT, "--down", name, NULL };
	const struct proc_fd fds[] = { { STDERR_FILENO, STDERR_FILENO } };
	char text[48];
	int status, r;
	pid_t pid = proc_spawn(own ? with : without, fds, 1, NULL, err);

	if (pid < 0)
		return pid;
	r = proc_wait(pid, clock_in(UNDO_TIME), &status, err);
	if (r < 0 || status == 0)
		return r;
	return err_set(err, EIO, "clear away what its last run left: %s", proc_status_text(status, text));
}

int life_recover(const struct store *store, const char *name, struct err *err)
{
	enum wire_state state;
	int r = life_state(store, name, &state, err);

	if (r < 0 || (state == WIRE_STOPPED && !has_left(store, name)))
		return r;
	r = store_lock_peek(store, name, err);
	if (r != STORE_IDLE)
		return r < 0 ? r : 0;
	return run_down(store, name, err);
}

/* With its lock, which is all that is there. */
static void forget_runtime(const struct store *store, const char *name)
{
	autofree char *path = str_fmt("%s/%s", store->run, name);

	if (path)
		file_remove_tree_at(AT_FDCWD, path, NULL);
}

int life_take(const struct store *store, const char *name, uint64_t deadline, struct err *err)
{
	autoclose int lock = -1, folder = -1;
	int r = life_recover(store, name, err);

	if (r == 0)
		r = lock = store_lock(store, name, STORE_WORKING, deadline, err);
	if (r < 0)
		return r;
	folder = store_folder(store, name, err);
	if (folder == -ENOENT) /* it has gone meanwhile */
		forget_runtime(store, name);
	r = folder < 0 ? folder : restore_settle(folder, err);
	return r < 0 ? r : steal_fd(&lock);
}

int life_take_stopped(const struct store *store, const char *name, struct err *err)
{
	struct err swept = { 0 };
	enum wire_state state;
	int r;

	if (store_sweep(store, &swept) < 0) /* another's: no reason to fail */
		log_warn("%s", swept.msg);
	r = life_state(store, name, &state, err);

	if (r == 0 && state != WIRE_STOPPED && state != WIRE_ABORTING)
		return err_set(err, EBUSY, "it is not stopped (%s): stop it first", wire_state_names[state]);
	return r < 0 ? r : life_take(store, name, clock_in(0), err);
}
