/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack --rootfs=DIR --map=MAP... <ARCHIVE: what mgr-create --tar runs. The archive is read by a process that has the
 * container's ids, no network, no descriptor and no path of the host's: whoever takes it over is where the container's own
 * root will be.
 * mgr-unpack --pack=FILTER --name=NAME --store=DIR [--exposed] { [--folder=DIR] --tree=BACKEND:PATH }... --map=MAP...
 * [--progress] <ABOUT >ARCHIVE 2>PROGRESS: what mgr-export runs. The same process reads the trees, its own and its
 * snapshots'. mgr-unpack --exported [--size=BYTES] [--room=BYTES] [--snapshot=NAME --tree=...]... [--progress] as the first,
 * of what mgr-export has packed, its progress on standard output; --head <ARCHIVE >ABOUT (about.h). */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "base/sys.h"
#include "hook/hook.h"
#include "life/unpack/pack.h"
#include "life/unpack/trees.h"
#include "life/unpack/unpack.h"
#include "security/security.h"
#include "spec/spec.h"

#define BIT(cap) (UINT64_C(1) << (cap))

static const uint64_t needed =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_MKNOD) | BIT(CAP_SETFCAP);

#define PEER_FD    3 /* who opens the trees */
#define NOBODY     65534U
#define MEMORY_MAX (UINT64_C(1) << 30) /* whatever a stranger's compressed file asks for */

struct job {
	struct spec spec;
	struct trees trees;
	const char *folder;    /* of the next tree */
	struct strv snapshots; /* whose trees follow the first */
	const char *filter;    /* to pack; NULL: to unpack */
	bool progress, head, exported;
	uint64_t size, room;
};

/* 1: it was none of these. */
static int read_flag(struct job *job, const char *arg)
{
	if (str_starts(arg, "--pack="))
		job->filter = arg + strlen("--pack=");
	else if (str_starts(arg, "--name="))
		job->trees.name = arg + strlen("--name=");
	else if (str_starts(arg, "--store="))
		job->trees.store = arg + strlen("--store=");
	else if (str_starts(arg, "--path=")) /* as templates are called */
		job->folder = arg + strlen("--path=");
	else if (str_starts(arg, "--folder="))
		job->folder = arg + strlen("--folder=");
	else if (str_starts(arg, "--snapshot="))
		return strv_add(&job->snapshots, arg + strlen("--snapshot=")) < 0;
	else if (str_eq(arg, "--exposed"))
		job->trees.exposed = true;
	else if (str_eq(arg, "--progress"))
		job->progress = true;
	else if (str_eq(arg, "--head"))
		job->head = true;
	else if (str_eq(arg, "--exported"))
		job->exported = true;
	else if (str_starts(arg, "--size="))
		return str_uint(arg + strlen("--size="), 1, UINT64_MAX, &job->size) < 0;
	else if (str_starts(arg, "--room="))
		return str_uint(arg + strlen("--room="), 1, UINT64_MAX, &job->room) < 0;
	else
		return 1;
	return 0;
}

static int add_tree(struct job *job, const char *backend, const char *path, struct err *err)
{
	const char *folder = job->folder ? job->folder : "";

	job->folder = NULL;
	if (strv_addf(&job->trees.paths, "%s%s", backend, path) < 0 || strv_add(&job->trees.folders, folder) < 0)
		return err_nomem(err);
	return 0;
}

static int read_args(char *const argv[], struct job *job, struct err *err)
{
	int r = spec_set(&job->spec, "container.idmap=", err);

	for (size_t i = 1; argv[i] && r == 0; i++) {
		autofree char *map = NULL;
		if (str_starts(argv[i], "--rootfs="))
			r = add_tree(job, "dir:", argv[i] + strlen("--rootfs="), err);
		else if (str_starts(argv[i], "--tree="))
			r = add_tree(job, "", argv[i] + strlen("--tree="), err);
		else if (str_starts(argv[i], "--map="))
			r = (map = str_fmt("container.idmap+=%s", argv[i] + strlen("--map=")))
				    ? spec_set(&job->spec, map, err)
				    : err_nomem(err);
		else if (read_flag(job, argv[i]) != 0)
			return err_set(err, EINVAL, "unknown argument '%s'", argv[i]);
	}
	job->trees.filled = !job->filter;
	if (r == 0 && !job->head && !job->trees.paths.n)
		r = err_set(err, EINVAL, "no root file system is given");
	return r;
}

static int bound_memory(struct err *err)
{
	return sys_bound_memory(MEMORY_MAX) < 0 ? err_sys(err, errno, "bound its memory") : 0;
}

/* Without a container: a process that has nothing reads it. */
static int read_head(struct err *err)
{
	autocall(str_done) struct str head = { 0 };
	int r = bound_memory(err);

	unpack_prepare();
	if (r < 0 || unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0 || chdir(HOOK_ROOTFS_MOUNT) < 0 || chroot(".") < 0 ||
	    sys_close_range(3, ~0U, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return r < 0 ? r : err_sys(err, errno, "do without privileges");
	r = unpack_head(STDIN_FILENO, &head, err);
	if (r == 0)
		r = file_write_all(STDOUT_FILENO, str_text(&head), head.len);
	return r < 0 && !err->code ? err_sys(err, -r, "write what it has") : r;
}

/* The root, once the parent has mapped it, becomes everything there is. */
static int enter_first(int peer, const struct job *job, struct err *err)
{
	autoclose int tree = trees_ask(peer, 0, err);

	if (tree < 0)
		return tree;
	if (ns_become_root(&job->spec.container.idmap, err) < 0)
		return -err->code;
	return fchdir(tree) < 0 || chroot(".") < 0 ? err_sys(err, errno, "enter the root file system") : 0;
}

/* But for what it was given, and the other end where it will want more. */
static int close_others(int peer, const struct job *job, struct err *err)
{
	const bool wants_more = job->filter || job->trees.paths.n > 1;

	if (dup2(peer, PEER_FD) < 0 || sys_close_range(PEER_FD + wants_more, ~0U, 0) < 0)
		return err_sys(err, errno, "close descriptors");
	return 0;
}

/* In the child. */
static int confine(int peer, const struct job *job, struct err *err)
{
	int r = enter_first(peer, job, err);

	if (r == 0)
		r = close_others(peer, job, err);
	if (r == 0 && !job->filter)
		r = bound_memory(err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "do without privileges");
	return security_drop_caps(job->filter ? BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE) : needed, err);
}

static int enter(size_t index, struct err *err)
{
	return trees_enter(PEER_FD, index, err);
}

static int pack_it(const struct job *job, struct str *told, struct err *err)
{
	const struct pack what = { .filter = job->filter,
				   .about = STDIN_FILENO,
				   .out = STDOUT_FILENO,
				   .progress = job->progress ? STDERR_FILENO : -1,
				   .nodes = job->spec.container.idmap.mode == IDMAP_NONE,
				   .enter = enter };

	return pack(&what, told, err);
}

static int child(int peer, const struct job *job)
{
	autocall(str_done) struct str told = { 0 };
	struct err err = { 0 };
	int r = confine(peer, job, &err);

	const struct unpack_how how = { .map = &job->spec.container.idmap,
					.exported = job->exported,
					.size = job->size,
					.room = job->room,
					.progress = job->progress ? STDOUT_FILENO : -1,
					.snapshots = &job->snapshots,
					.enter = enter };

	if (r == 0)
		r = job->filter ? pack_it(job, &told, &err) : unpack(STDIN_FILENO, &how, &told, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.msg);
	else
		fputs(str_text(&told), stderr);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* In the parent: map the child's ids, and open what it asks for. */
static int serve(pid_t pid, int peer, const struct job *job, struct err *err)
{
	const struct idmap *map = &job->spec.container.idmap;
	autoclose int userns = -1;
	int r = ns_map_ids(pid, map, &userns, err);

	return r < 0 ? r : trees_serve(&job->trees, peer, userns, map, err);
}

static int run(const struct job *job, int *ret_status, struct err *err)
{
	const struct ns_clone how = { .map = &job->spec.container.idmap, .cgroup = -1, .own_net = true };
	autoclose int pidfd = -1, ours = -1;
	int pair[2], r, status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	ours = pair[0];
	unpack_prepare();
	pid = ns_clone(&how, &pidfd, err);
	if (pid == 0) {
		close(steal_fd(&ours));
		_exit(child(pair[1], job));
	}
	close(pair[1]);
	if (pid < 0)
		return pid;
	r = serve(pid, ours, job, err);
	close(steal_fd(&ours)); /* a child that still waits learns that nothing comes */
	if (proc_wait(pid, CLOCK_NEVER, &status, r < 0 ? NULL : err) < 0)
		return r < 0 ? r : -err->code;
	*ret_status = status;
	return r;
}

int main(int argc, char *argv[])
{
	struct job job = { 0 };
	struct err err = { 0 };
	char text[48];
	int status = 0, r;

	(void)argc;
	spec_init(&job.spec);
	r = read_args(argv, &job, &err);
	if (r == 0)
		r = job.head ? read_head(&err) : run(&job, &status, &err);
	spec_done(&job.spec);
	trees_done(&job.trees);
	strv_done(&job.snapshots);
	if (r == 0 && status && !(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE)) /* which has said why */
		r = err_set(&err, ECANCELED, "the program that does it ended with %s", proc_status_text(status, text));
	if (r < 0)
		fprintf(stderr, "%s\n", err.msg);
	return r < 0 || status ? EXIT_FAILURE : EXIT_SUCCESS;
}
