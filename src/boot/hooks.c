/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the hooks. What a start's hooks have begun, those at its end finish: each down has hooks of its own, read from
 * the configuration that was in force. A failure of theirs is told by the log alone: no hook keeps what is left from being
 * undone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mnt.h"
#include "boot/internal.h"
#include "boot/undo.h"
#include "hook/hook.h"
#include "mount/mount.h"

/* A hook of the host's. */
static int run_host(const struct boot *b, enum hook_type type, struct err *err)
{
	autocall(hook_told_done) struct hook_told t = { 0 };
	int r = spec_tell_hooks(&b->spec, &b->store, b->name, &t, err);
	char console[48];

	if (b->pid > 0) {
		t.facts.pid = b->pid;
		str_print(console, sizeof console, "/proc/%d/root/dev/console", (int)b->pid);
		t.facts.console = console;
	}
	return r < 0 ? r : hook_run(&b->spec.hook, type, &t.facts, err);
}

/* A hook that the child runs; the host's programs have been checked. */
static int run_child(const struct boot *b, enum hook_type type, struct err *err)
{
	autocall(hook_told_done) struct hook_told t = { 0 };
	int r = spec_tell_hooks(&b->spec, &b->store, b->name, &t, err);

	t.facts.places = NULL;
	t.facts.console = type == HOOK_START ? "/dev/console" : NULL;
	return r < 0 ? r : hook_run(&b->spec.hook, type, &t.facts, err);
}

/* --- before and after all else -------------------------------------------------------------------------------------- */

int boot_check_scripts(const struct net_conf *net, const struct hook_places *places, struct err *err)
{
	for (size_t i = 0; i < net->n; i++) {
		const struct nic_conf *nic = &net->v[i];
		if (nic->script_up && hook_check(nic->script_up, places, err) < 0)
			return err_wrap(err, "net.%u.script.up", nic->index);
		if (nic->script_down && hook_check(nic->script_down, places, err) < 0)
			return err_wrap(err, "net.%u.script.down", nic->index);
	}
	return 0;
}

/* One that would be refused only at the end is found now. */
int up_hooks(struct boot *b, struct err *err)
{
	autocall(hook_told_done) struct hook_told t = { 0 };
	int r = spec_tell_hooks(&b->spec, &b->store, b->name, &t, err);

	if (r == 0)
		r = hook_check_all(&b->spec.hook, &t.places, err);
	return r < 0 ? r : boot_check_scripts(&b->spec.net, &t.places, err);
}

int up_hook_pre_start(struct boot *b, struct err *err)
{
	const struct hook_conf *hooks = &b->spec.hook;
	int r = 0;

	if (hook_any(hooks, HOOK_PRE_START) || hook_any(hooks, HOOK_POST_STOP))
		r = undo_add(b->rundir, "hook-pre-start", "post-stop", err);
	return r < 0 ? r : run_host(b, HOOK_PRE_START, err);
}

/* One of the container's last hooks. */
static int run_last(const struct down *d, enum hook_type type)
{
	autocall(spec_done) struct spec spec;
	autocall(hook_told_done) struct hook_told t = { 0 };
	struct err err = { 0 };
	int r;

	spec_init(&spec);
	r = spec_load(&spec, d->rundir, "spec", &err);
	if (r == 0)
		r = spec_tell_hooks(&spec, d->store, d->name, &t, &err);
	t.facts.target = d->reboot ? "reboot" : "stop";
	if (type == HOOK_STOP) {
		t.facts.namespaces = d->namespaces;
		t.facts.n_namespaces = d->n_namespaces;
	}
	if (r == 0)
		r = hook_run(&spec.hook, type, &t.facts, &err);
	if (r < 0)
		log_error("hook %s: %s", hook_names[type], err.msg);
	return 0;
}

int down_hook_post_stop(const struct down *d, const char *object, struct err *err)
{
	(void)object, (void)err;
	return run_last(d, HOOK_POST_STOP);
}

/* --- in the container's namespaces ---------------------------------------------------------------------------------- */

bool hook_wants_host(const struct boot *b)
{
	return hook_any(&b->spec.hook, HOOK_MOUNT) || hook_any(&b->spec.hook, HOOK_AUTODEV) || mnt_is_old();
}

uint64_t hook_child_time(const struct boot *b)
{
	static const enum hook_type types[] = { HOOK_PRE_MOUNT, HOOK_MOUNT, HOOK_AUTODEV, HOOK_START };
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (size_t n = b->spec.hook.of[types[i]].n; n > 0; n--)
			if (__builtin_add_overflow(all, b->spec.hook.timeout, &all))
				return CLOCK_NEVER;
	return all;
}

/* What a hook has left running has the host's files open: nothing of it may be there when the guest is. */
static void end_leftovers(void)
{
	if (getpid() != 1) /* of its pid namespace, which is what kill(2) means by all */
		return;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

int up_hook_pre_mount(struct boot *b, struct err *err)
{
	if (!hook_any(&b->spec.hook, HOOK_PRE_MOUNT))
		return 0;
	int r = run_child(b, HOOK_PRE_MOUNT, err);
	end_leftovers();
	return r;
}

int up_hook_mount(struct boot *b, struct err *err)
{
	int r;

	if (!hook_wants_host(b))
		return 0;
	r = mount_see_host(b->host_root, err);
	if (r == 0)
		r = run_child(b, HOOK_MOUNT, err);
	if (r == 0)
		r = run_child(b, HOOK_AUTODEV, err);
	end_leftovers();
	close(b->host_root);
	b->host_root = -1;
	return r < 0 ? r : mount_leave_host(HOOK_ROOTFS_MOUNT, err);
}

/* The guest's program has the same ids as this process, which has descriptors of the host until its exec. While it is not
 * dumpable nobody without the host's CAP_SYS_PTRACE can come to them by /proc (ptrace(2)); the exec makes it so again. */
int up_hook_start(struct boot *b, struct err *err)
{
	if (!hook_any(&b->spec.hook, HOOK_START))
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, errno, "hide from the container's programs");
	return run_child(b, HOOK_START, err);
}

/* --- around init ---------------------------------------------------------------------------------------------------- */

/* The same namespace as ours is none of its own. */
static int open_own(pid_t pid, const char *name)
{
	char theirs[40], ours[40];
	struct stat a, b;
	int fd;

	str_print(theirs, sizeof theirs, "/proc/%d/ns/%s", (int)pid, name);
	str_print(ours, sizeof ours, "/proc/self/ns/%s", name);
	fd = open(theirs, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &a) == 0 && stat(ours, &b) == 0 && (a.st_ino != b.st_ino || a.st_dev != b.st_dev))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Descriptors keep them beyond init's end, for whom the last hooks are. */
static void keep_namespaces(struct boot *b)
{
	static const char *const names[] = { "user", "mnt", "pid", "uts", "ipc", "net", "cgroup" };
	_Static_assert(ARRAY_SIZE(names) <= BOOT_NAMESPACES, "there is room for each");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = open_own(b->pid, names[i]);
		if (fd >= 0)
			b->namespaces[b->n_namespaces++] = fd;
	}
}

static bool wants_namespaces(const struct boot *b)
{
	for (size_t i = 0; i < b->spec.net.n; i++)
		if (b->spec.net.v[i].script_down)
			return true;
	return hook_any(&b->spec.hook, HOOK_STOP);
}

int up_hook_start_host(struct boot *b, struct err *err)
{
	bool keep = wants_namespaces(b);
	int r = 0;

	if (!keep && !hook_any(&b->spec.hook, HOOK_START_HOST))
		return 0;
	r = boot_await_child(b, up_hook_start, err);
	if (r < 0)
		return r;
	if (keep)
		keep_namespaces(b);
	if (hook_any(&b->spec.hook, HOOK_STOP) || hook_any(&b->spec.hook, HOOK_START_HOST))
		r = undo_add(b->rundir, "hook-start-host", "stop", err);
	return r < 0 ? r : run_host(b, HOOK_START_HOST, err);
}

int down_hook_stop(const struct down *d, const char *object, struct err *err)
{
	(void)object, (void)err;
	return run_last(d, HOOK_STOP);
}
