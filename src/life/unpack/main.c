/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack --rootfs=DIR --map=MAP... <ARCHIVE: what mgr-create --tar runs. The archive is read by a process that has the
 * container's ids, no network, no descriptor and no path of the host's: whoever takes it over is where the container's own
 * root will be. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "base/sys.h"
#include "hook/hook.h"
#include "life/unpack/unpack.h"
#include "security/security.h"
#include "spec/spec.h"

#define BIT(cap) (UINT64_C(1) << (cap))

static const uint64_t needed =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_MKNOD) | BIT(CAP_SETFCAP);

static int read_args(char *const argv[], struct spec *spec, struct err *err)
{
	int r = spec_set(spec, "container.idmap=", err);

	for (size_t i = 1; argv[i] && r == 0; i++) {
		autofree char *text = NULL;
		if (str_starts(argv[i], "--rootfs="))
			text = str_fmt("rootfs.path=dir:%s", argv[i] + strlen("--rootfs="));
		else if (str_starts(argv[i], "--map="))
			text = str_fmt("container.idmap+=%s", argv[i] + strlen("--map="));
		else if (str_starts(argv[i], "--name=") || str_starts(argv[i], "--path=")) /* as templates are called */
			continue;
		else
			return err_set(err, EINVAL, "unknown argument '%s'", argv[i]);
		r = text ? spec_set(spec, text, err) : err_nomem(err);
	}
	return r < 0 ? r : spec_check(spec, err);
}

/* In the child: the root, once the parent has mapped it, becomes everything there is. */
static int confine(int peer, const struct idmap *map, struct err *err)
{
	autoclose int tree = -1;
	size_t n = 0;
	char go;

	if (fd_recv(peer, &go, 1, &tree, 1, &n) != 1 || n != 1)
		return err_set(err, EIO, "the root file system did not come");
	if (ns_become_root(map, err) < 0)
		return -err->code;
	if (fchdir(tree) < 0 || chroot(".") < 0)
		return err_sys(err, errno, "enter the root file system");
	if (sys_close_range(3, ~0U, 0) < 0)
		return err_sys(err, errno, "close descriptors");
	tree = -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "do without privileges");
	return security_drop_caps(needed, err);
}

static int child(int peer, const struct idmap *map)
{
	autocall(str_done) struct str told = { 0 };
	struct err err = { 0 };
	int r = confine(peer, map, &err);

	if (r == 0)
		r = unpack(STDIN_FILENO, map, &told, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.msg);
	else
		fputs(str_text(&told), stderr);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* In the parent: map the child's ids, and pass it the root. */
static int serve(pid_t pid, int peer, const struct spec *spec, struct err *err)
{
	autoclose int userns = -1, tree = -1;
	const struct storage_backend *backend;
	struct storage_place place;
	struct storage_mount root;
	int r = spec_place(spec, NULL, NULL, -1, &place, &backend, err);

	if (r == 0)
		r = ns_map_ids(pid, &spec->container.idmap, &userns, err);
	if (r < 0)
		return r;
	r = mnt_is_old() ? mnt_stage_apart(HOOK_ROOTFS_MOUNT) : 0;
	if (r < 0)
		return err_sys(err, -r, "make a place for mounts on '%s'", HOOK_ROOTFS_MOUNT);
	r = backend->open(&place, &(struct storage_ids){ .userns = userns }, &root, err);
	if (r < 0)
		return r;
	tree = root.tree;
	r = fd_send(peer, "", 1, &tree, 1);
	return r < 0 ? err_sys(err, -r, "pass the root file system on") : 0;
}

static int run(const struct spec *spec, int *ret_status, struct err *err)
{
	const struct ns_clone how = { .map = &spec->container.idmap, .cgroup = -1, .own_net = true };
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
		_exit(child(pair[1], &spec->container.idmap));
	}
	close(pair[1]);
	if (pid < 0)
		return pid;
	r = serve(pid, ours, spec, err);
	close(steal_fd(&ours)); /* a child that still waits learns that nothing comes */
	if (proc_wait(pid, CLOCK_NEVER, &status, r < 0 ? NULL : err) < 0)
		return r < 0 ? r : -err->code;
	*ret_status = status;
	return r;
}

int main(int argc, char *argv[])
{
	autocall(spec_done) struct spec spec;
	struct err err = { 0 };
	char text[48];
	int status = 0, r;

	(void)argc;
	spec_init(&spec);
	r = read_args(argv, &spec, &err);
	if (r == 0)
		r = run(&spec, &status, &err);
	if (r == 0 && status && !(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE)) /* which has said why */
		r = err_set(&err, ECANCELED, "the program that unpacks it ended with %s", proc_status_text(status, text));
	if (r < 0)
		fprintf(stderr, "%s\n", err.msg);
	return r < 0 || status ? EXIT_FAILURE : EXIT_SUCCESS;
}
