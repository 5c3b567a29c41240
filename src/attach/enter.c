/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that enters: from a process of the host's in the container's v2 cgroup and pid namespace to one of its own.
 *
 * Until it has run the command it holds what is the host's, and the guest can see it. So it is not dumpable (ptrace(2): the
 * guest's root then has no say over it), nothing is opened through a magic link of the guest's /proc, and every descriptor
 * but the standard ones is closed before the command's path is looked up. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/internal.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "init/init.h"
#include "ns/ns.h"
#include "security/security.h"
#include "tty/tty.h"

#define ENTER_NAMESPACES (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)

static int join_namespaces(const struct entry *e, struct err *err)
{
	if (setns(e->init, ENTER_NAMESPACES | (e->who.idmapped ? CLONE_NEWUSER : 0)) < 0)
		return errno == ESRCH ? err_set(err, ESRCH, "is not running") : err_sys(err, errno, "enter the namespaces");
	return 0;
}

/* Every capability that we may have, whatever the change of user has done to it. */
static int raise_caps(struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, set) < 0)
		return err_sys(err, errno, "read the capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		set[i].effective = set[i].permitted;
	return syscall(SYS_capset, &head, set) < 0 ? err_sys(err, errno, "raise the capabilities") : 0;
}

/* EINVAL is what the kernel says of an id without a place in the map (setresuid(2)). */
static int cannot_become(const char *what, unsigned id, struct err *err)
{
	if (errno == EINVAL)
		return err_set(err, EINVAL, "%s id %u is not in the container's id map", what, id);
	return err_sys(err, errno, "become %s %u", what, id);
}

/* The user's ids, with all capabilities kept until the command is run. */
static int become(const struct user *u, struct err *err)
{
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return cannot_become("group", u->gid, err);
	if (setgroups(u->n_groups, u->groups) < 0)
		return err_sys(err, errno, "set the groups of user '%s'", u->name);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "keep the capabilities");
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return cannot_become("user", u->uid, err);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) /* setresuid sets what fs.suid_dumpable says */
		return err_sys(err, errno, "hide from the guest");
	return raise_caps(err);
}

/* A session of our own, so that the host's terminal is not ours; the pty in its place where there is one. */
static int take_terminal(const struct entry *e, int root, struct err *err)
{
	const struct entry_report here = { 0 };
	autoclose int master = -1, peer = -1;
	int r;

	if (setsid() < 0)
		return err_sys(err, errno, "start a session");
	if (e->stdio.first < 0)
		return 0;
	r = tty_open_pty(root, &master, &peer, err);
	if (r < 0)
		return r;
	tty_copy_settings(e->stdio.first, peer);
	tty_copy_size(e->stdio.first, peer);
	r = fd_send(e->report, &here, sizeof here, (const int[]){ master, peer }, 2);
	if (r < 0)
		return err_sys(err, -r, "hand the pty over");
	if (ioctl(peer, TIOCSCTTY, 0) < 0)
		return err_sys(err, errno, "make the pty the controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (e->stdio.is_terminal[fd] && dup2(peer, fd) < 0)
			return err_sys(err, errno, "put the pty in place");
	return 0;
}

static int change_folder(const struct entry *e, int root, const struct user *u, struct err *err)
{
	const char *path = e->conf->cwd ? e->conf->cwd : u->home;
	autoclose int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd < 0 && !e->conf->cwd) {
		path = "/";
		fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
	}
	if (fd < 0)
		return err_sys(err, -fd, "change to folder '%s'", path);
	return fchdir(fd) < 0 ? err_sys(err, errno, "change to folder '%s'", path) : 0;
}

/* "-bash" for the login shell at /bin/bash: the dash makes it one. */
static int login_name(const struct user *u, char **ret)
{
	const char *slash = strrchr(u->shell, '/');

	*ret = str_fmt("-%s", slash ? slash + 1 : u->shell);
	return *ret ? 0 : -ENOMEM;
}

/* Nothing of the host's is open any longer. */
static int explain(const char *name, struct err *err)
{
	const int code = errno;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return init_explain(root, name, code, err);
}

/* Returns only when it cannot be run: 126 or 127. */
static int execute(const struct entry *e, const struct user *u, struct strv *env, struct err *err)
{
	char *const *argv = e->conf->command->v;
	autofree char *login = NULL;
	char *shell[2] = { 0 };

	environ = env->v; /* execvp looks for PATH there */
	if (e->conf->command->n > 0) {
		execvp(argv[0], argv);
		return explain(argv[0], err);
	} else {
		if (login_name(u, &login) < 0)
			return err_nomem(err), INIT_CANNOT_EXECUTE;
		shell[0] = login;
		execv(u->shell, shell);
		err_sys(err, errno, "run the login shell '%s'", u->shell);
	}
	return err->code == ENOENT || err->code == ENOTDIR ? INIT_NOT_FOUND : INIT_CANNOT_EXECUTE;
}

/* Into the container, up to where only the command is missing. */
static int enter(const struct entry *e, struct user *u, struct strv *env, struct err *err)
{
	autoclose int root = -1;
	int r = cgroup_join(&e->cgroup, 0, false, err);

	if (r == 0)
		r = join_namespaces(e, err);
	if (r < 0)
		return r;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open the container's root");
	r = user_load(u, root, e->conf->user, e->conf->group, err);
	if (r == 0)
		r = env_make(env, root, u, e->conf->env, e->conf->keep_env, e->stdio.first < 0 ? NULL : getenv("TERM"), err);
	if (r == 0)
		r = become(u, err);
	if (r == 0)
		r = ns_leave_keyring(err); /* the filter may forbid it */
	if (r == 0)
		r = take_terminal(e, root, err);
	return r < 0 ? r : change_folder(e, root, u, err);
}

/* The report's descriptor becomes 3, everything above is closed. */
static int keep_report(int *report, struct err *err)
{
	if (*report != 3 && dup3(*report, 3, O_CLOEXEC) < 0)
		return err_sys(err, errno, "close descriptors");
	*report = 3;
	return sys_close_range(4, ~0U, 0) < 0 ? err_sys(err, errno, "close descriptors") : 0;
}

void entry_run(struct entry *e)
{
	struct entry_report failed = { .exit_code = 125 };
	struct strv env = { 0 };
	struct user u;
	int r = 0, label = 0;

	umask(022);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = err_sys(&failed.err, errno, "hide from the guest");
	if (r == 0 && e->label)
		label = security_label_open(&failed.err); /* while /proc is the host's */
	if (r == 0)
		r = label < 0 ? label : enter(e, &u, &env, &failed.err);
	if (r == 0 && e->label)
		r = security_label_enter(label, e->label, &failed.err);
	if (r == 0)
		r = security_apply(e->who.cap_keep, e->seccomp, e->who.no_new_privs, &failed.err);
	if (r == 0)
		r = keep_report(&e->report, &failed.err);
	if (r == 0) {
		sigprocmask(SIG_SETMASK, &e->mask, NULL);
		failed.exit_code = execute(e, &u, &env, &failed.err);
	}
	(void)fd_send(e->report, &failed, sizeof failed, NULL, 0);
	_exit(failed.exit_code);
}
