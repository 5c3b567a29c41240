/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that the child runs: what must be done from inside. From up_rootfs on every path is the container's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "boot/internal.h"
#include "guest/guest.h"
#include "mount/mount.h"

static bool privileged(const struct boot *b)
{
	return b->spec.container.idmap.mode == IDMAP_NONE;
}

int up_become_root(struct boot *b, struct err *err)
{
	int r = ns_become_root(&b->spec.container.idmap, err);

	if (r == 0 && b->profile.label)
		b->label = r = security_label_open(err); /* while /proc is the host's */
	if (r >= 0)
		r = ns_set_hostname(b->spec.uts.name ? b->spec.uts.name : b->name, err);
	return r < 0 ? r : mount_part_from_host(privileged(b), err);
}

/* A mount that has no place is held by an O_PATH descriptor. */
bool boot_is_mount(int fd)
{
	return fcntl(fd, F_GETFL) & O_PATH;
}

/* On an old kernel all come here: none was there yet when the child was made. */
static int take_mounts(struct boot *b, struct err *err)
{
	int *const mounts[] = { &b->tree, &b->dev, &b->sys, &b->securityfs };
	const size_t n = mnt_is_old() ? ARRAY_SIZE(mounts) : 1;

	if (b->n_passed < n)
		return err_set(err, EPROTO, "the root did not arrive");
	for (; b->n_taken < n; b->n_taken++)
		if (boot_is_mount(b->passed[b->n_taken]))
			*mounts[b->n_taken] = b->passed[b->n_taken];
	return 0;
}

int up_rootfs(struct boot *b, struct err *err)
{
	int r;

	if (take_mounts(b, err) < 0)
		return -err->code;
	r = hook_wants_host(b) ? mount_enter_below(b->tree, b->sys, HOOK_ROOTFS_MOUNT, &b->host_root, err)
			       : mount_enter_root(b->tree, b->sys, err);
	if (r == 0)
		r = mount_api_folders(b->dev, err);
	if (r == 0 && b->securityfs >= 0)
		r = mount_securityfs(b->securityfs, err);
	if (r == 0 && privileged(b))
		r = mount_mask(err);
	return r < 0 ? r : mount_run_host(b->os_release, b->spec.container.uuid, err);
}

/* Their names in init's environment are those that systemd wants (its container interface): it puts a getty on each. */
static int make_ttys(struct boot *b, struct err *err)
{
	autocall(str_done) struct str names = { 0 };
	int number, r = 0;

	for (unsigned i = 0; i < b->spec.tty.max && r == 0; i++) {
		r = mount_tty(i + 1, &b->ttys[i], &number, err);
		if (r < 0)
			return r;
		b->n_ttys++;
		str_addf(&names, "%spts/%d", i ? " " : "", number);
	}
	if (b->n_ttys > 0 && (names.failed || strv_addf(&b->env, "container_ttys=%s", str_text(&names)) < 0))
		return err_nomem(err);
	return 0;
}

int up_console(struct boot *b, struct err *err)
{
	int r = mount_console(&b->console, &b->console_peer, err);

	if (r < 0)
		return r;
	r = make_ttys(b, err);
	if (r < 0)
		return r;
	b->notify = init_notify_listen(err);
	if (b->notify < 0)
		return b->notify;
	if (b->spec.init.ready.how == HANDOVER_READY_PORT) { /* it speaks of the network that it was made in */
		b->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		if (b->diag < 0)
			return err_sys(err, errno, "make a sock_diag socket");
	}
	return boot_send_console(b, err);
}

/* By the child itself, because that is fast; by descriptors, because it must not open them. On a host without v2 there is
 * nothing but this. */
int up_cgroup_join(struct boot *b, struct err *err)
{
	return cgroup_enter_tasks(b->passed, b->n_passed, err);
}

/* Only now is every cgroup joined: the namespace's roots are what the process is in when it is made. */
int up_cgroup_view(struct boot *b, struct err *err)
{
	static const enum cgroup_view views[] = {
		[MOUNT_CGROUP_AUTO] = CGROUP_VIEW_AUTO,
		[MOUNT_CGROUP_V2] = CGROUP_VIEW_V2,
		[MOUNT_CGROUP_HYBRID] = CGROUP_VIEW_HYBRID,
		[MOUNT_CGROUP_V1] = CGROUP_VIEW_V1,
	};

	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, errno, "make a cgroup namespace");
	return cgroup_mount_view(&b->cgroup, views[b->spec.mount.cgroup], "/sys/fs/cgroup", err);
}

int up_confine(struct boot *b, struct err *err)
{
	int r = ns_leave_keyring(err); /* the filter may forbid it */

	if (r == 0 && b->profile.label)
		r = security_label_enter(b->label, b->profile.label, err);
	return r < 0 ? r : security_apply(b->cap_keep, b->seccomp, b->spec.container.no_new_privs, err);
}

/* Before the command looks; what the terminal does later comes by the console's connection. */
static void set_window(int console, const char *text)
{
	struct winsize size = { 0 };

	if (text && sscanf(text, "%hux%hu", &size.ws_row, &size.ws_col) == 2)
		ioctl(console, TIOCSWINSZ, &size);
}

/* As its user of the guest, whose files are to be seen now. */
static int exec_command(struct boot *b, struct err *err)
{
	autocall(strv_done) struct strv env = { 0 };
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct init_command cmd = { .program = b->program, .report = b->peer, .argv = &b->argv, .env = &env };
	struct user user;
	int r = root < 0 ? err_sys(err, errno, "open the root folder") : 0;

	if (r == 0)
		r = user_load(&user, root, b->command.user, NULL, err);
	if (r == 0)
		r = env_make(&env, root, &user, &b->spec.init.environment, false, b->command.term, err);
	if (r < 0)
		return r;
	set_window(b->console_peer, b->command.window);
	cmd.uid = user.uid;
	cmd.gid = user.gid;
	cmd.groups = user.groups;
	cmd.n_groups = user.n_groups;
	cmd.cwd = b->spec.init.cwd ? b->spec.init.cwd : user.home;
	for (int i = 0; i < 3; i++)
		cmd.stdio[i] = b->command.stdio[i] >= 0 ? b->command.stdio[i] : b->console_peer;
	return init_exec_command(&cmd, err);
}

int up_exec(struct boot *b, struct err *err)
{
	if (b->command.argv)
		return exec_command(b, err);
	return init_exec(&b->spec.init, b->console_peer, &b->argv, &b->env, err);
}
