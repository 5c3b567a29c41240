/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "files/files.h"
#include "lib/root.h"

#define PATIENCE (60 * CLOCK_SECOND) /* with a file system of the guest's that does not answer */

static struct files_target target_of(const struct lib_copy *copy)
{
	return (struct files_target){
		.path = copy->target,
		.to = -1,
		.folder = copy->sources->n > 1,
		.create = copy->create,
		.preserve = copy->preserve,
		.note = copy->note,
		.data = copy->data,
	};
}

static struct files_base inside_base(const struct inside_view *view)
{
	return (struct files_base){ .root = view->root, .inside = true, .self = view->self };
}

/* At rest: what is put where the start mounts something is never seen again. */
static int check_seen(const char *target, struct err *err)
{
	static const char *const mounted[] = { "proc", "sys", "dev", "run" };
	const char *at = target + strspn(target, "/.");
	size_t n = strcspn(at, "/");

	for (size_t i = 0; i < ARRAY_SIZE(mounted); i++)
		if (strlen(mounted[i]) == n && strncmp(at, mounted[i], n) == 0)
			return err_set(
				err, EBUSY,
				"'%s': /%s is mounted anew at each start, and what is put there now would be hidden: start "
				"the container first",
				target, mounted[i]);
	return 0;
}

/* The process inside that makes what is pushed. */
static void make_inside(const struct inside_view *view, void *data)
{
	const struct lib_copy *copy = data;
	struct files_target target = target_of(copy);
	struct err err = { 0 };
	int r = 0;

	target.base = inside_base(view);
	target.patience = CLOCK_NEVER; /* standard input takes its time */
	target.has_owner = !copy->preserve || copy->user || copy->group;
	target.has_mode = copy->has_mode;
	target.mode = copy->mode;
	if (copy->user || copy->group)
		r = inside_user(view, copy->user, copy->group, &target.uid, &target.gid, &err);
	if (r == 0)
		(void)files_receive(view->sock, &target, &err);
	else
		files_refuse(view->sock, &err);
}

/* The process inside that reads what is pulled. */
static void read_inside(const struct inside_view *view, void *data)
{
	const struct lib_copy *copy = data;
	const struct files_source source = {
		.base = inside_base(view),
		.paths = copy->sources,
		.from = -1,
		.preserve = copy->preserve,
	};

	(void)files_send(view->sock, &source, CLOCK_NEVER, &(struct err){ 0 });
}

static int push(int sock, int self, const struct lib_copy *copy, struct err *err)
{
	const struct files_source source = {
		.base = { .root = AT_FDCWD, .self = self },
		.paths = copy->sources,
		.from = copy->standard,
		.preserve = copy->preserve,
		.note = copy->note,
		.data = copy->data,
	};

	return files_send(sock, &source, PATIENCE, err);
}

static int pull(int sock, int self, const struct lib_copy *copy, struct err *err)
{
	struct files_target target = target_of(copy);

	target.base = (struct files_base){ .root = AT_FDCWD, .self = self };
	target.patience = PATIENCE;
	if (str_eq(copy->target, "-"))
		target.to = copy->standard;
	return files_receive(sock, &target, err);
}

/* Both processes at work. Ours is done with the socket, and the other ends at that, unless a file system of the guest's
 * holds it: it is left to itself then. */
static int run(const struct store *store, const char *name, const struct lib_copy *copy, inside_fn *inside,
	       int (*outside)(int sock, int self, const struct lib_copy *copy, struct err *err), struct err *err)
{
	struct inside in;
	struct lib_copy theirs = *copy;
	autoclose int self = fd_self(err);
	int sock, r = self < 0 ? self : lib_root(store, name, &in, err);
	pid_t pid;

	if (r < 0)
		return r;
	if (inside == make_inside && in.tree >= 0)
		r = check_seen(copy->target, err);
	pid = r < 0 ? r : inside_start(&in, inside, &theirs, &sock, err);
	r = pid < 0 ? pid : outside(sock, self, copy, err);
	if (pid > 0) {
		close(sock);
		if (r == -ETIMEDOUT)
			kill(pid, SIGKILL);
		(void)proc_wait(pid, clock_in(CLOCK_SECOND), NULL, NULL);
	}
	inside_done(&in);
	return r;
}

int lib_push(const struct store *store, const char *name, const struct lib_copy *copy, struct err *err)
{
	return run(store, name, copy, make_inside, push, err);
}

int lib_pull(const struct store *store, const char *name, const struct lib_copy *copy, struct err *err)
{
	return run(store, name, copy, read_inside, pull, err);
}
