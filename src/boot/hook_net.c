/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row of the network's scripts; as with hooks, a failure of one at the end is told by the log alone. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "boot/internal.h"
#include "boot/undo.h"
#include "hook/hook.h"
#include "spec/device.h"

static int run_script(const char *command, const char *event, const struct nic_conf *nic, const char *device,
		      const struct hook_told *t, uint64_t timeout, struct err *err)
{
	const struct hook_script script = {
		.command = command,
		.timeout = timeout,
		.event = event,
		.type = net_type_name(nic->type),
		.device = device,
	};

	return hook_run_script(&script, &t->facts, err) < 0 ? err_wrap(err, "net.%u.script.%s", nic->index, event) : 0;
}

static int run_up(const struct boot *b, const struct net_nic *made, const struct hook_told *t, struct err *err)
{
	const struct nic_conf *nic = spec_nic(&b->spec, made->index);
	const char *device = made->veth[0] ? made->veth : made->link;
	char object[32];
	int r;

	if (!nic || (!nic->script_up && !nic->script_down))
		return 0;
	str_print(object, sizeof object, "%u %s", made->index, device);
	r = undo_add(b->rundir, "hook-net", object, err);
	return r == 0 && nic->script_up ? run_script(nic->script_up, "up", nic, device, t, b->spec.hook.timeout, err) : r;
}

int boot_nic_scripts(const struct boot *b, const struct net_nic *made, struct err *err)
{
	autocall(hook_told_done) struct hook_told t = { 0 };
	int r = spec_tell_hooks(&b->spec, &b->store, b->name, &t, err);

	t.facts.pid = b->pid;
	return r < 0 ? r : run_up(b, made, &t, err);
}

int up_hook_net(struct boot *b, struct err *err)
{
	autocall(hook_told_done) struct hook_told t = { 0 };
	int r = spec_tell_hooks(&b->spec, &b->store, b->name, &t, err);

	t.facts.pid = b->pid;
	for (size_t i = 0; r == 0 && i < b->net.n; i++)
		r = run_up(b, &b->net.nics[i], &t, err);
	return r;
}

int down_hook_net(const struct down *d, const char *object, struct err *err)
{
	autocall(spec_done) struct spec spec;
	autocall(hook_told_done) struct hook_told t = { 0 };
	const struct nic_conf *nic = NULL;
	struct err failed = { 0 };
	char device[16];
	unsigned index;
	int r;

	if (sscanf(object, "%u %15s", &index, device) != 2)
		return err_set(err, EBADMSG, "'%s' is no interface", object);
	spec_init(&spec);
	r = spec_load(&spec, d->rundir, "spec", &failed);
	if (r == 0)
		r = spec_tell_hooks(&spec, d->store, d->name, &t, &failed);
	t.facts.target = d->reboot ? "reboot" : "stop";
	if (r == 0)
		nic = spec_nic(&spec, index);
	if (nic && nic->script_down)
		r = run_script(nic->script_down, "down", nic, device, &t, spec.hook.timeout, &failed);
	if (r < 0)
		log_error("%s", failed.msg);
	return 0;
}
