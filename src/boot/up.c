/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands around the table: the lock, what a dead start left, the answer. */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "boot/internal.h"
#include "boot/result.h"
#include "boot/undo.h"
#include "store/claim.h"
#include "store/last.h"
#include "store/restore.h"

#define LOCK_TIME  (60 * CLOCK_SECOND) /* a stop may be under way */
#define LOCK_SLICE (100 * CLOCK_MS)

void boot_init(struct boot *b, const char *name, const char *path)
{
	*b = (struct boot){ .name = name, .path = path ? path : "" };
	b->rundir = b->folder = b->lock = b->log = b->console_log = b->seccomp = b->pidfd = b->userns = b->client = -1;
	b->mark = b->host_root = b->program = b->unit = b->label = b->profile.compiled = -1;
	b->peer = b->dev = b->sys = b->securityfs = b->tree = b->disk = b->storage_use = b->served = -1;
	b->console = b->console_peer = b->notify = b->diag = b->control = b->net.conn = -1;
}

static void answer(int code, bool already, int exit_code, const struct err *err)
{
	struct boot_result result = { .code = -code, .already = already, .exit_code = exit_code, .pid = getpid() };

	if (code < 0)
		result.err = *err;
	(void)!write(BOOT_RESULT_FD, &result, sizeof result);
	close(BOOT_RESULT_FD);
}

/* What the kernel gives its own init (INIT_RLIMITS in its asm-generic/resource.h), with systemd's numbers of files: limits
 * of whoever typed the command are not the container's. A hard one that we may not raise stays. */
static void reset_limits(void)
{
	static const struct {
		__rlimit_resource_t what;
		struct rlimit to;
	} limits[] = {
		{ RLIMIT_CPU, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_FSIZE, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_DATA, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_STACK, { 8 << 20, RLIM_INFINITY } },
		{ RLIMIT_CORE, { 0, RLIM_INFINITY } },
		{ RLIMIT_RSS, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_NPROC, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_NOFILE, { 1024, 524288 } },
		{ RLIMIT_MEMLOCK, { 8 << 20, 8 << 20 } },
		{ RLIMIT_AS, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_LOCKS, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_MSGQUEUE, { 819200, 819200 } },
		{ RLIMIT_NICE, { 0, 0 } },
		{ RLIMIT_RTPRIO, { 0, 0 } },
		{ RLIMIT_RTTIME, { RLIM_INFINITY, RLIM_INFINITY } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit to = limits[i].to, now;
		if (setrlimit(limits[i].what, &to) == 0 || getrlimit(limits[i].what, &now) < 0)
			continue;
		to.rlim_max = to.rlim_max < now.rlim_max ? to.rlim_max : now.rlim_max;
		to.rlim_cur = to.rlim_cur < to.rlim_max ? to.rlim_cur : to.rlim_max;
		(void)setrlimit(limits[i].what, &to);
	}
}

/* A process of its own: no terminal, no folder, nothing of the command's but the result and a control connection. */
static void detach(const struct boot_request *q)
{
	if (q->orphan && fork() > 0) /* a failed one leaves us whose child we are */
		_exit(EXIT_SUCCESS);
	fcntl(BOOT_RESULT_FD, F_SETFD, FD_CLOEXEC);
	if (q->client >= 0)
		fcntl(q->client, F_SETFD, FD_CLOEXEC);
	for (int i = 0; i < 3; i++)
		if (q->command.stdio[i] >= 0)
			fcntl(q->command.stdio[i], F_SETFD, FD_CLOEXEC);
	setsid();
	(void)!chdir("/");
	umask(0022);
	reset_limits();
}

/* The lock; 1 when the container is running already. Whoever else has it is waited for: a stop, a start, a command. */
static int take_lock(struct boot *b, enum store_phase phase, struct err *err)
{
	uint64_t deadline = clock_in(LOCK_TIME);
	int now;

	for (;;) {
		err_clear(err);
		b->lock = store_lock(&b->store, b->name, phase, 0, err);
		if (b->lock != -EBUSY)
			return b->lock < 0 ? b->lock : 0;
		now = store_lock_peek(&b->store, b->name, err);
		if (now < 0)
			return now;
		if (now == STORE_FREEZING || now == STORE_FROZEN)
			return err_set(err, EBUSY, "is frozen: mgr-unfreeze lets it run on");
		if (store_phase_runs((enum store_phase)now))
			return 1;
		err_clear(err);
		b->lock = store_lock(&b->store, b->name, phase, clock_in(LOCK_SLICE), err);
		if (b->lock != -EBUSY)
			return b->lock < 0 ? b->lock : 0;
		if (clock_now() > deadline)
			return b->lock;
	}
}

/* Kill and undo what a dead mgr-boot or supervisor has left. */
static int recover(struct boot *b, const struct boot_request *q, struct err *err)
{
	const bool unseen = last_is_missing(b->folder, b->rundir);
	struct down d = down_of(b);
	int r;

	d.unserved = q && q->unserved;
	d.failing = q && q->failing;
	r = boot_down(&d, err);

	if (unseen)
		log_error(LAST_UNSEEN);
	if (r == 0 && unseen)
		boot_write_last(b->folder, LAST_UNSEEN);
	return r;
}

int boot_begin(struct boot *b, enum store_phase phase, struct err *err)
{
	struct err swept = { 0 };
	int r = store_make(&b->store, err); /* nobody but root may have a say there */

	if (r < 0)
		return r;
	b->rundir = store_runtime(&b->store, b->name, true, err);
	if (b->rundir < 0)
		return b->rundir;
	r = take_lock(b, phase, err);
	if (r != 0)
		return r;
	debug_point("boot:up", "lock");
	r = boot_open_log(b, err);
	if (r < 0)
		return r;
	b->folder = store_container(&b->store, b->name, err);
	if (b->folder < 0)
		return b->folder;
	r = restore_settle(b->folder, err);
	if (r < 0)
		return r;
	if (store_sweep(&b->store, &swept) < 0) /* another container's: no reason to fail */
		log_warn("%s", swept.msg);
	/* nothing was made without a record, and the assignments go last */
	if (faccessat(b->rundir, "undo", F_OK, AT_SYMLINK_NOFOLLOW) == 0 || boot_has_assignments(b->rundir))
		r = recover(b, NULL, err) < 0 ? err_wrap(err, "clear what an earlier run left") : 0;
	if (r == 0 && boot_ephemeral_end(b, b->lock))
		r = err_set(err, ENOENT, "no such container: it was there for one run, which is over");
	return r;
}

/* Who wants this very container started does not know that there is another one of its name by now. */
static int check_uuid(const struct boot *b, const char *wanted, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r = 0;

	spec_init(&spec);
	if (wanted)
		r = spec_load(&spec, b->folder, "config", err);
	if (r < 0 || !wanted || (spec.container.uuid && str_eq(spec.container.uuid, wanted)))
		return r;
	return err_set(err, ESTALE, "is another container than the one that was meant, whose uuid is %s", wanted);
}

/* Returns 1 when it was running; 0 when it runs now. */
static int up(struct boot *b, const struct boot_request *q, struct err *err)
{
	int r = store_open(&b->store, q->path, err);

	if (r == 0)
		r = boot_begin(b, STORE_STARTING, err);
	if (r == 0)
		r = check_uuid(b, q->uuid, err);
	if (r == 0)
		r = cgroup_forget_kept(b->rundir, err); /* of a command that came too late */
	if (r == 0)
		r = boot_keep_assignments(b->rundir, &b->assign, err);
	if (r == 0)
		r = boot_make_pidfile(b->rundir, q->pidfile, err);
	if (r == 0)
		r = boot_run(b, err);
	if (r < 0)
		boot_ephemeral_fail(b);
	return r;
}

int boot_up(const struct boot_request *q)
{
	struct err err = { 0 };
	struct boot b;
	int r;

	detach(q);
	boot_init(&b, q->name, q->path);
	b.assign = q->assign;
	b.client = q->client;
	b.command = q->command;
	r = up(&b, q, &err);
	if (r < 0 && b.lock >= 0)
		close(b.lock); /* before the answer: it is STOPPED then */
	answer(r < 0 ? r : 0, r == 1, b.exit_code, &err);
	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	boot_hand_over(&b, &err);
	log_error("%s", err.msg);
	boot_abort(&b);
	return EXIT_FAILURE;
}

int boot_undo(const struct boot_request *q)
{
	struct err err = { 0 };
	struct boot b;
	int r;

	boot_init(&b, q->name, q->path);
	for (; b.n_namespaces < q->namespaces && b.n_namespaces < BOOT_NAMESPACES; b.n_namespaces++)
		b.namespaces[b.n_namespaces] = BOOT_NAMESPACES_FD + (int)b.n_namespaces;
	b.disk = q->disk ? BOOT_DISK_FD : -1;
	if (q->lock >= 0)
		fcntl(q->lock, F_SETFD, FD_CLOEXEC);
	r = store_open(&b.store, q->path, &err);
	if (r == 0)
		r = b.rundir = store_runtime(&b.store, b.name, false, &err);
	if (r == -ENOENT)
		return EXIT_SUCCESS;
	if (r >= 0 && q->lock < 0)
		r = b.lock = store_lock(&b.store, b.name, STORE_STOPPING, 0, &err);
	if (r >= 0)
		r = boot_open_log(&b, &err);
	if (r >= 0 && q->lock < 0)
		b.folder = store_container(&b.store, b.name, NULL); /* what is being destroyed has none */
	if (r >= 0)
		r = recover(&b, q, &err);
	if (r >= 0)
		boot_ephemeral_end(&b, q->lock >= 0 ? q->lock : b.lock);
	if (r < 0)
		fprintf(stderr, "mgr-boot: %s: %s\n", b.name, err.msg);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Take over what the supervisor has. */
static int take_over(struct boot *b, int fd, struct handover *h, struct err *err)
{
	int r = handover_read(fd, h, err);

	if (r < 0)
		return r;
	boot_init(b, h->name, h->path[0] ? h->path : NULL);
	b->from = h;
	b->lock = h->lock;
	b->rundir = h->rundir;
	b->folder = h->folder;
	b->control = h->control;
	b->log = h->log;
	b->console_log = h->console_log;
	b->n_namespaces = h->n_namespaces;
	memcpy(b->namespaces, h->namespaces, sizeof b->namespaces);
	b->disk = h->disk;
	log_to(b->log, LOG_INFO, b->name);
	r = store_open(&b->store, h->path[0] ? h->path : NULL, err);
	return r < 0 ? r : boot_read_assignments(b->rundir, &b->assign, err);
}

int boot_again(int handover)
{
	static struct handover h;
	struct err err = { 0 };
	struct boot b = { 0 };
	int r = take_over(&b, handover, &h, &err);
	struct down d;

	if (r < 0 && !b.name) { /* nothing is known: the lock goes with us, and whoever takes it next undoes */
		log_error("reboot: %s", err.msg);
		return EXIT_FAILURE;
	}
	close(h.netd); /* what it stood for ends here */
	close(h.storage_use);
	close(h.served);

	d = down_of(&b);
	d.reboot = true;
	d.unserved = h.unserved;
	d.failing = h.failing;
	if (r == 0)
		r = boot_down(&d, &err);
	while (b.n_namespaces > 0)
		close(b.namespaces[--b.n_namespaces]);
	if (r == 0)
		r = undo_add(b.rundir, "control", "control", &err); /* which is there already */
	if (r == 0)
		r = boot_run(&b, &err);
	if (r == 0)
		boot_hand_over(&b, &err);
	log_error("reboot: %s", err.msg);
	if (b.store.cgroup[0]) /* else not even the store is known */
		boot_abort(&b);
	boot_write_last(b.folder, err.msg);
	return EXIT_FAILURE;
}
