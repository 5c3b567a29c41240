/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-boot --device: what mgr-device asks a supervisor for. */
#include "boot/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "boot/result.h"

static const struct device_kind *const kinds[] = { &device_nic, &device_bind };

int device_assign(const struct device_change *c, const char *section, const struct strv *sets, struct err *err)
{
	autocall(strv_done) struct strv assign = { 0 };
	int r = boot_read_assignments(c->b->rundir, &assign, err);

	if (r >= 0 && boot_assign_section(&assign, section, sets) < 0)
		r = err_nomem(err);
	return r < 0 ? r : boot_replace_assignments(c->b->rundir, &assign, err);
}

int device_open_namespace(const struct device_change *c, const char *kind, struct err *err)
{
	autoclose int fd = -1;
	char path[48];

	str_print(path, sizeof path, "/proc/%d/ns/%s", (int)c->b->pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (sys_pidfd_send_signal(c->init_pidfd, 0) < 0) /* it may be another's by now */
		return err_sys(err, errno, "reach the container's init");
	return steal_fd(&fd);
}

int device_save_spec(const struct device_change *c, struct err *err)
{
	return spec_save(&c->b->spec, c->b->rundir, "spec", err);
}

static bool has_changed(const struct strv *assign)
{
	for (size_t i = 0; i < assign->n; i++)
		if (boot_assigned_section(assign->v[i]))
			return true;
	return false;
}

int device_give_back(const struct store *store, const char *name, const struct spec *running, struct err *err)
{
	autoclose int folder = store_container(store, name, err);
	autocall(spec_done) struct spec configured;
	const struct net_conf *confs[2] = { &configured.net };
	int r = folder < 0 ? folder : store_lock_config(folder, false, err);

	spec_init(&configured);
	if (running)
		confs[1] = &running->net;
	if (r >= 0)
		r = spec_load(&configured, folder, "config", err);
	if (r >= 0)
		return net_unclaim(confs, running ? 2 : 1, store, configured.container.uuid, err);
	if (r != -EWOULDBLOCK && r != -ENOENT) /* a destroy gives back everything */
		return r;
	err_clear(err);
	if (r == -EWOULDBLOCK)
		log_info("its configuration is being changed: what no interface has any more is free with the next change");
	return 0;
}

void device_forget(const struct down *d)
{
	autocall(strv_done) struct strv assign = { 0 };
	struct err err = { 0 };
	int r = boot_read_assignments(d->rundir, &assign, &err);

	if (r >= 0 && has_changed(&assign))
		r = device_give_back(d->store, d->name, NULL, &err);
	if (r < 0)
		log_warn("what its devices had is not given back: %s", err.msg);
}

static int settle(struct device_change *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int one = kinds[i]->settle(c, true, r < 0 ? NULL : err);
		r = r < 0 ? r : one;
	}
	return r;
}

static const struct device_kind *find_kind(const char *name, struct err *err)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(kinds); i++)
		if (str_eq(kinds[i]->name, name))
			return kinds[i];
	err_set(err, EINVAL, "'%s' is no kind of device: nic and bind are", name ? name : "");
	return NULL;
}

/* words: VERB [KIND [PIECE]...] */
static int change(struct device_change *c, char *const words[], struct err *err)
{
	const struct device_kind *kind;
	int r;

	c->after_crash = str_eq(words[0], "settle");
	r = settle(c, err);
	if (c->after_crash)
		return r;
	if (r < 0) { /* of another device, perhaps: no reason to fail */
		log_warn("clear what an earlier change has left: %s", err->msg);
		err_clear(err);
	}
	kind = find_kind(words[1], err);
	if (!kind)
		return -err->code;
	c->words = words + 2;
	if (str_eq(words[0], "add"))
		return kind->add(c, err);
	return str_eq(words[0], "del") ? kind->del(c, err) : err_set(err, EINVAL, "'%s' is neither add nor del", words[0]);
}

static int prepare(struct device_change *c, const struct boot_request *q, struct err *err)
{
	struct boot *b = c->b;
	int r = store_open(&b->store, q->path, err);

	if (r == 0)
		r = b->rundir = store_runtime(&b->store, b->name, false, err);
	if (r >= 0)
		r = boot_open_log(b, err);
	if (r >= 0)
		r = b->folder = store_container(&b->store, b->name, err);
	if (r >= 0)
		r = spec_load(&b->spec, b->rundir, "spec", err);
	if (r >= 0)
		r = spec_load(&c->configured, b->folder, "config", err);
	return r < 0 ? r : 0;
}

static void answer(const struct device_change *c, int code, const struct err *err)
{
	static struct boot_device_result result;
	int fds[2], file = -1;
	size_t n = 0;

	if (code < 0)
		result.err = *err;
	if (code < 0 && !result.err.code)
		err_sys(&result.err, -code, "change its devices");
	memcpy(result.text, c->text, sizeof result.text);
	result.is_known = c->is_known;
	result.has_conn = c->netd >= 0;
	if (c->join && wire_join_stow(c->join, result.join, sizeof result.join, &result.join_len, &file, NULL) < 0)
		result.is_known = false;
	if (c->netd >= 0)
		fds[n++] = c->netd;
	if (file >= 0)
		fds[n++] = file;
	fd_send(BOOT_RESULT_FD, &result, offsetof(struct boot_device_result, join) + (file < 0 ? result.join_len : 0), fds,
		n);
}

int boot_device(const struct boot_request *q)
{
	struct boot b;
	struct device_change c = { .b = &b, .init_pidfd = BOOT_DEVICE_PIDFD_FD, .netd = q->netd };
	struct err err = { 0 };
	int r;

	for (int fd = BOOT_RESULT_FD; fd <= BOOT_DEVICE_NETD_FD; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	boot_init(&b, q->name, q->path);
	spec_init(&b.spec);
	spec_init(&c.configured);
	b.pid = q->init;
	r = prepare(&c, q, &err);
	if (r >= 0)
		r = change(&c, q->words, &err);
	debug_point("device", "answer");
	answer(&c, r, &err);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
