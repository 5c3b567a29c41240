/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that the parent runs: what needs the host's root. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mnt.h"
#include "boot/internal.h"
#include "boot/undo.h"
#include "mount/mount.h"
#include "wire/wire.h"

#define KILL_TIME (30 * CLOCK_SECOND)

static int read_assigned(struct boot *b, struct err *err)
{
	for (size_t i = 0; i < b->assign.n; i++) {
		const char *section = boot_assigned_section(b->assign.v[i]);
		int r = section ? conf_drop_section(&spec_schema, &b->spec, section, err)
				: spec_set(&b->spec, b->assign.v[i], err);
		if (r < 0)
			return r;
	}
	return spec_check(&b->spec, err);
}

/* Needs no more care than the lock beside it: neither outlives the machine's run. */
static int save_spec(const struct boot *b, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autoclose int fd = -1;
	int r;

	spec_print(&b->spec, &text);
	if (text.failed)
		return err_nomem(err);
	fd = openat(b->rundir, "spec", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : file_write_all(fd, str_text(&text), text.len);
	return r < 0 ? err_sys(err, -r, "write 'spec'") : 0;
}

static int plan_init(struct boot *b, struct err *err)
{
	int r = init_argv(&b->spec.init, &b->argv, err);

	return r < 0 ? r : init_environment(&b->spec.init, b->spec.container.uuid, &b->env, err);
}

static int plan_command(struct boot *b, struct err *err)
{
	for (char **word = b->command.argv; *word; word++)
		if (strv_add(&b->argv, *word) < 0)
			return err_nomem(err);
	b->program = init_program(err);
	return b->program < 0 ? b->program : 0;
}

int boot_load(struct boot *b, struct err *err)
{
	const struct idmap *map = &b->spec.container.idmap;
	int r;

	spec_init(&b->spec);
	r = spec_load(&b->spec, b->folder, "config", err);
	if (r == 0)
		r = read_assigned(b, err);
	if (r < 0)
		return r;
	if (map->mode == IDMAP_AUTO)
		return err_set(err, EINVAL, "container.idmap is 'auto': create writes the range that a container was given");
	log_to(b->log, b->spec.log.level, b->name);
	r = spec_claim_ids(&b->spec, &b->store, b->name, err);
	if (r < 0)
		return r;
	b->root_uid = idmap_root(map, false);
	b->root_gid = idmap_root(map, true);
	if (b->root_uid == UINT32_MAX || b->root_gid == UINT32_MAX)
		return err_set(err, EINVAL, "container.idmap has no %s 0", b->root_uid == UINT32_MAX ? "user" : "group");
	return 0;
}

int up_config(struct boot *b, struct err *err)
{
	int r = boot_load(b, err);

	if (r == 0)
		r = boot_ephemeral_begin(b, err);
	if (r == 0)
		r = boot_open_console_log(b, err);
	if (r == 0)
		r = save_spec(b, err);
	if (r == 0)
		r = cgroup_add_kept(b->rundir, &b->spec.limits, err);
	if (r == 0)
		r = b->command.argv ? plan_command(b, err) : plan_init(b, err);
	return r < 0 ? r : boot_plan_net(&b->net, &b->spec, &b->store, b->name, err);
}

int up_apparmor(struct boot *b, struct err *err)
{
	const bool privileged = b->spec.container.idmap.mode == IDMAP_NONE;
	char name[STORE_NAME_MAX + 32];
	int r = store_host_name(&b->store, '-', b->name, name, sizeof name);

	r = r < 0 ? err_sys(err, -r, "name the profile of '%s'", b->name)
		  : security_profile_plan(&b->profile, &b->spec.apparmor, name, privileged, b->store.cache, err);
	if (r < 0 || !b->profile.name)
		return r;
	r = undo_add(b->rundir, "apparmor", name, err);
	return r < 0 ? r : security_profile_load(&b->profile, err);
}

int down_apparmor(const struct down *d, const char *object, struct err *err)
{
	(void)d;
	return security_profile_unload(object, err);
}

int up_security(struct boot *b, struct err *err)
{
	int r = security_caps(&b->spec.cap, b->spec.container.idmap.mode == IDMAP_NONE, b->profile.own_policy, &b->cap_keep,
			      err);

	return r < 0 ? r : security_seccomp(&b->spec.seccomp, b->store.cache, &b->seccomp, err);
}

/* Somebody lives in it although there was no record: that has been lost. */
static int kill_forgotten(const struct boot *b, struct err *err)
{
	return cgroup_kill(&b->cgroup, clock_in(KILL_TIME), err);
}

/* Only the folder that the child is born in. */
int up_cgroup_v2(struct boot *b, struct err *err)
{
	int r = boot_await_unit(b, err);

	if (r == 0)
		r = undo_add(b->rundir, "cgroup", b->cgroup.path, err);
	if (r == 0 && b->cgroup.given)
		r = store_cgroup_keep(b->rundir, b->cgroup.path, err);
	if (r < 0)
		return r;
	if (b->cgroup.n > 0 && !b->cgroup.h[0].v2) { /* v1 alone does not say so when it is made */
		r = cgroup_populated(&b->cgroup, err);
		return r > 0 ? kill_forgotten(b, err) : r;
	}
	r = cgroup_create_v2(&b->cgroup, b->root_uid, err);
	if (r != -EBUSY)
		return r;
	r = kill_forgotten(b, err);
	return r < 0 ? r : cgroup_create_v2(&b->cgroup, b->root_uid, err);
}

static int say_left_out(const struct boot *b, struct err *err)
{
	autocall(strv_done) struct strv keys = { 0 };
	int r = cgroup_left_out(&b->cgroup, &b->spec.limits, &keys, err);

	for (size_t i = 0; i < keys.n; i++)
		log_warn("%s: is left out: this host has the controller in cgroup %s ([limits] is for both)", keys.v[i],
			 str_starts(keys.v[i], "cgroup2.") ? "v1" : "v2");
	return r;
}

/* The others, while the child mounts what it needs. */
int up_cgroup(struct boot *b, struct err *err)
{
	int r = cgroup_create(&b->cgroup, &b->spec.limits, b->root_uid, err);

	if (r == 0)
		r = say_left_out(b, err);
	return r < 0 ? r : cgroup_open_tasks(&b->cgroup, b->passed, &b->n_passed, err);
}

/* On v2 the child is in the cgroup already, and its hooks have the host's rules. */
int up_devices(struct boot *b, struct err *err)
{
	if (hook_wants_host(b) && boot_await_child(b, up_resolver, err) < 0)
		return -err->code;
	return cgroup_set_devices(&b->cgroup, &b->spec.limits, b->root_uid, err);
}

int down_cgroup(const struct down *d, const char *object, struct err *err)
{
	struct cgroup cg = { 0 };
	int r = cgroup_host(&cg, err);

	(void)object;
	if (r == 0)
		r = cgroup_find(&cg, d->store, d->name, err);
	if (r == 0)
		r = cgroup_kill(&cg, clock_in(KILL_TIME), err);
	if (r == 0)
		r = cgroup_remove(&cg, err);
	return r < 0 || d->reboot ? r : store_cgroup_forget(d->rundir, err);
}

int boot_make_dev(struct boot *b, struct err *err)
{
	b->dev = mount_dev_new(b->root_uid, b->root_gid, err);
	if (b->dev < 0)
		return b->dev;
	if (b->profile.own_policy) {
		b->securityfs = mount_securityfs_of_host(err);
		if (b->securityfs < 0)
			return b->securityfs;
	}
	if (!b->net.host || b->spec.container.idmap.mode == IDMAP_NONE)
		return 0;
	b->sys = mount_sys_of_host(err);
	return b->sys < 0 ? b->sys : 0;
}

int up_dev(struct boot *b, struct err *err)
{
	/* for the container's /run/host; a host may have none */
	if (file_read_at(AT_FDCWD, "/etc/os-release", 65536, &b->os_release, NULL, NULL) < 0)
		b->os_release = NULL;
	return mnt_is_old() ? 0 : boot_make_dev(b, err);
}

int up_clone(struct boot *b, struct err *err)
{
	const struct ns_clone how = {
		.map = &b->spec.container.idmap,
		.cgroup = cgroup_clone_fd(&b->cgroup),
		.own_net = !b->net.host,
	};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	b->pid = ns_clone(&how, &b->pidfd, err);
	if (b->pid == 0) {
		close(pair[0]);
		b->peer = pair[1];
		boot_child(b);
	}
	close(pair[1]);
	b->peer = pair[0];
	return b->pid < 0 ? b->pid : 0;
}

int up_idmap(struct boot *b, struct err *err)
{
	return ns_map_ids(b->pid, &b->spec.container.idmap, &b->userns, err);
}

/* Before the exec, because a missing library would show only after it: the loader ends with 127. And when the child has its
 * root: until then a volume or a hook may be yet to bring the program, and for a moment the host's root lies on top of this
 * one (pivot() in mount/root.c): ".." in a link of the guest's leads there, past RESOLVE_IN_ROOT, for it is below. */
int up_init_check(struct boot *b, struct err *err)
{
	if (b->command.argv)
		return 0;
	return boot_await_child(b, up_resolver, err) < 0 ? -err->code : init_check(b->tree, b->argv.v[0], err);
}

int up_control(struct boot *b, struct err *err)
{
	if (b->control >= 0) /* a reboot keeps it */
		return 0;
	if (undo_add(b->rundir, "control", "control", err) < 0)
		return -err->code;
	b->control = wire_listen(b->rundir, "control", err);
	return b->control < 0 ? b->control : 0;
}

int down_control(const struct down *d, const char *object, struct err *err)
{
	if (d->reboot) /* it stays, and its connections */
		return 0;
	return unlinkat(d->rundir, object, 0) < 0 && errno != ENOENT ? err_sys(err, errno, "remove '%s'", object) : 0;
}
