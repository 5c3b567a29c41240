/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/passing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "life/internal.h"
#include "store/claim.h"

#define LOCK      ".execute.lock" /* held while one is made or swept: one without a holder is then left over */
#define HOLD      "held"
#define LOCK_TIME (10 * CLOCK_SECOND)

/* -EAGAIN when another has it at the deadline. */
static int lock_all(const struct store *of, uint64_t deadline, struct err *err)
{
	autoclose int run = open(of->manager_run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int lock = run < 0 ? -errno : store_lock_file(run, LOCK, deadline);

	return lock < 0 ? err_sys(err, -lock, "lock '%s/" LOCK "'", of->manager_run) : lock;
}

/* With the lock: with the last of them the folder and that go too. */
static void leave(const struct store *passing)
{
	autofree char *lock = str_fmt("%s/" LOCK, passing->manager_run);

	if (lock && (rmdir(passing->containers) == 0 || errno == ENOENT))
		unlink(lock);
}

/* -EAGAIN when its maker lives. */
static int take_hold(const struct store *store, const char *name, struct err *err)
{
	autoclose int folder = store_container(store, name, err);
	int hold = folder < 0 ? folder : store_lock_file(folder, HOLD, 0);

	if (folder < 0)
		return folder;
	return hold < 0 ? err_sys(err, -hold, "hold '%s'", name) : hold;
}

static int sweep_one(const struct store *store, const char *name, struct err *err)
{
	autoclose int hold = take_hold(store, name, err);
	const int phase = hold < 0 ? hold : store_lock_peek(store, name, err);

	if (hold == -EAGAIN || hold == -ENOENT || phase > STORE_IDLE) {
		err_clear(err);
		return 0;
	}
	return phase < 0 ? phase : life_destroy(store, name, true, err);
}

/* A destroy that failed at its very end has left the runtime folder alone. */
static void sweep_runtime(const struct store *store, const char *name)
{
	autofree char *of = str_fmt("%s/%s", store->containers, name), *path = str_fmt("%s/%s", store->run, name);
	autofree char *undo = path ? str_fmt("%s/undo", path) : NULL;
	autoclose int lock = -1;
	struct stat st;

	if (!of || !undo || access(of, F_OK) == 0 || (stat(undo, &st) == 0 && st.st_size > 0))
		return;
	lock = store_lock(store, name, STORE_WORKING, 0, NULL);
	if (lock >= 0)
		(void)file_remove_tree_at(AT_FDCWD, path, NULL);
}

static void sweep_runtimes(const struct store *store)
{
	autoclosedir DIR *dir = opendir(store->run);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (store_check_name(e->d_name, NULL) == 0)
			sweep_runtime(store, e->d_name);
}

/* With the lock. */
static void sweep(const struct store *store)
{
	autocall(strv_done) struct strv names = { 0 };
	struct err err = { 0 };

	if (store_sweep(store, &err) < 0)
		log_warn("%s", err.msg);
	if (store_list(store, &names, &err) < 0)
		log_warn("%s", err.msg);
	for (size_t i = 0; i < names.n; i++)
		if (sweep_one(store, names.v[i], &err) < 0)
			log_warn("clear what an earlier mgr-execute left: %s", err.msg);
	sweep_runtimes(store);
	store_leave(store);
}

void passing_sweep(const struct store *of)
{
	autocall(store_done) struct store store = { 0 };
	autoclose int lock = -1;

	ephemeral_sweep(of);
	if (access(of->passing, F_OK) < 0 || store_open(&store, of->passing, NULL) < 0)
		return;
	lock = lock_all(of, 0, NULL); /* who has it sweeps */
	if (lock < 0)
		return;
	sweep(&store);
	leave(&store);
}

static int make(struct passing *p, struct life_create *what, struct err *err)
{
	uint32_t number;
	int r;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return err_sys(err, errno, "make up a name");
	str_print(p->name, sizeof p->name, "run-%08x", number);
	what->name = p->name;
	what->passing = true;
	r = life_create(&p->store, what, NULL, err);
	if (r < 0)
		return r;
	debug_point("execute", "made");
	p->hold = take_hold(&p->store, p->name, err);
	return p->hold < 0 ? p->hold : 0;
}

int passing_make(const struct store *of, struct life_create *what, struct passing *ret, struct err *err)
{
	autoclose int lock = -1;
	int r;

	*ret = (struct passing){ .hold = -1 };
	r = store_make(of, err);
	if (r == 0)
		r = store_open(&ret->store, of->passing, err);
	if (r < 0)
		return r;
	lock = lock_all(of, clock_in(LOCK_TIME), err);
	if (lock < 0)
		return lock;
	sweep(&ret->store);
	r = make(ret, what, err);
	if (r < 0) {
		leave(&ret->store);
		store_done(&ret->store);
	}
	return r;
}

int passing_end(struct passing *p, struct err *err)
{
	autoclose int lock = -1;
	int r = 0;

	if (p->hold >= 0) {
		r = life_destroy(&p->store, p->name, true, err);
		close(steal_fd(&p->hold));
		lock = lock_all(&p->store, 0, NULL);
		if (lock >= 0)
			leave(&p->store);
	}
	store_done(&p->store);
	return r < 0 ? r : 0;
}
