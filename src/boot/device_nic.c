/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network interface more or less of a container that runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/log.h"
#include "base/sys.h"
#include "boot/device.h"
#include "boot/undo.h"
#include "hook/hook.h"
#include "net/keys.h"
#include "spec/device.h"

#define NET_TIME (10 * CLOCK_SECOND)

static void name_section(unsigned number, char ret[static 16])
{
	str_print(ret, 16, "net.%u", number);
}

/* --- mgr-netd ------------------------------------------------------------------------------------------------------- */

static int record_join(const struct device_change *c, struct err *err)
{
	char uuid[64];
	int r = undo_find(c->b->rundir, "network-service", uuid, sizeof uuid, err);

	return r != 0 ? r : undo_add(c->b->rundir, "network-service", c->b->spec.container.uuid, err);
}

/* Tell it what the plan says, unless it has just been told the same. */
static int tell(struct device_change *c, struct net_plan *plan, struct err *err)
{
	const bool same =
		c->told && c->join_len == plan->join_len && (!plan->join || !memcmp(c->join, plan->join, c->join_len));
	int r = 0;

	if (!same && plan->join) {
		r = record_join(c, err);
		if (r >= 0)
			r = net_rejoin(plan, steal_fd(&c->netd), clock_in(NET_TIME), err);
		c->netd = steal_fd(&plan->conn);
		if (r >= 0)
			device_write_resolver(c, plan);
	} else if (!same && (c->netd >= 0 || c->join_len)) {
		r = net_leave(plan->store, c->b->spec.container.uuid, clock_in(NET_TIME), err);
		if (c->netd >= 0)
			close(steal_fd(&c->netd));
	}
	free(c->join);
	c->join = steal_ptr(&plan->join);
	c->join_len = plan->join_len;
	c->told = r >= 0;
	return r;
}

/* What it knows, as long as nothing else is known: what the supervisor has said last comes of the same configuration. */
static void look(struct device_change *c)
{
	struct boot *b = c->b;

	c->is_known = net_look(&b->net, &b->spec.net, &b->store, b->name, b->spec.container.uuid, NULL) >= 0;
	c->told = c->is_known;
	c->join = steal_ptr(&b->net.join);
	c->join_len = b->net.join_len;
	net_plan_done(&b->net);
}

/* --- what goes ------------------------------------------------------------------------------------------------------ */

/* The number of the NIC that a line of the record is about. */
static bool is_of(const char *step, const char *object, unsigned number)
{
	if (str_eq(step, "network"))
		return net_line_is_of(object, number);
	return str_eq(step, "hook-net") && strtoul(object, NULL, 10) == number;
}

struct undoing {
	struct boot *b;
	int number; /* of the one that goes; -1: all that b->spec does not have */
	int pidns;
	bool any;
};

static bool is_left(void *data, const char *step, const char *object)
{
	const struct undoing *u = data;

	for (unsigned n = 0; n <= net_nic_section.max; n++)
		if ((u->number < 0 ? !spec_nic(&u->b->spec, n) : u->number == (int)n) && is_of(step, object, n))
			return true;
	return false;
}

static int undo_line(void *data, const char *step, const char *object, struct err *err)
{
	struct undoing *u = data;
	struct down d = down_of(u->b);
	int r;

	d.pidns = u->pidns;
	r = str_eq(step, "network") ? down_network(&d, object, err) : down_hook_net(&d, object, err);
	u->any = true;
	if (r < 0)
		log_error("undo %s '%s': %s", step, object, err ? err->msg : "");
	debug_point("device:undo", step);
	return r;
}

/* Sets *ret when what the assignments say of a section and what b->spec says are not the same; then they are. */
static int follow(struct device_change *c, const struct strv *assign, const char *section, bool *ret, struct err *err)
{
	const bool there = conf_has_section(&spec_schema, &c->b->spec, section);
	const bool wanted = boot_assigns_in(assign, section);
	int r = 0;

	if (there == wanted)
		return 0;
	*ret = true;
	if (!wanted)
		return conf_drop_section(&spec_schema, &c->b->spec, section, err);
	for (size_t i = 0; i < assign->n && r == 0; i++)
		if (str_starts(assign->v[i], section) && assign->v[i][strlen(section)] == '.')
			r = spec_set(&c->b->spec, assign->v[i], err);
	return r;
}

static int follow_all(struct device_change *c, bool *ret, struct err *err)
{
	autocall(strv_done) struct strv assign = { 0 };
	int r = boot_read_assignments(c->b->rundir, &assign, err);

	for (size_t i = 0; i < assign.n && r >= 0; i++) {
		const char *section = boot_assigned_section(assign.v[i]);
		if (section && str_starts(section, "net."))
			r = follow(c, &assign, section, ret, err);
	}
	return r < 0 ? r : 0;
}

static int settle_network(struct device_change *c, struct err *err)
{
	struct boot *b = c->b;
	int r = boot_plan_net(&b->net, &b->spec, &b->store, b->name, err);

	if (r >= 0)
		r = tell(c, &b->net, err);
	if (r >= 0)
		r = device_give_back(&b->store, b->name, &b->spec, err);
	net_plan_done(&b->net);
	return r;
}

/* The scripts of what goes are in "spec" until it has gone. What mgr-netd knows is certain while nothing has been left. */
static int nic_settle(struct device_change *c, bool begins, struct err *err)
{
	autoclose int pidns = device_open_namespace(c, "pid", NULL);
	struct undoing undoing = { c->b, -1, pidns, false };
	struct err later = { 0 };
	bool changed = false;
	int r = 0, left;

	if (!c->is_known)
		look(c);
	r = follow_all(c, &changed, err);
	if (r < 0)
		return r;
	left = undo_some(c->b->rundir, is_left, undo_line, &undoing, err);
	if (c->after_crash || (begins && (changed || undoing.any)))
		c->told = false;
	r = changed ? device_save_spec(c, &later) : 0;
	if (r >= 0 && (!begins || !c->told))
		r = settle_network(c, &later);
	if (left >= 0 && r < 0 && err)
		*err = later;
	return left < 0 ? left : r;
}

/* --- what comes ----------------------------------------------------------------------------------------------------- */

static int write_record(void *data, const char *line, struct err *err)
{
	const struct boot *b = data;
	int r = undo_add(b->rundir, "network", line, err);

	debug_point("device", "recorded");
	return r;
}

static const struct net_nic *planned(const struct net_plan *plan, unsigned number)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->nics[i].index == number)
			return &plan->nics[i];
	return NULL;
}

static int make(struct device_change *c, unsigned number, struct err *err)
{
	struct boot *b = c->b;
	const struct net_record record = { write_record, b, b->rundir };
	const struct nic_conf *conf = spec_nic(&b->spec, number);
	const struct net_nic *nic = planned(&b->net, number);
	autoclose int netns = device_open_namespace(c, "net", err);
	int r = netns;

	if (r >= 0 && !nic)
		r = err_set(err, EINVAL, "net.%u.type: '%s' is nothing that can be added", number,
			    net_type_name(conf->type));
	if (r >= 0)
		r = tell(c, &b->net, err);
	debug_point("device", "joined");
	if (r >= 0 && conf->script_down) /* it is to run before the interface goes with its namespace */
		r = net_keep_namespace(netns, &record, err);
	if (r >= 0)
		r = net_up_nic(&b->net, nic, netns, &record, clock_in(NET_TIME), err);
	debug_point("device", "made");
	return r < 0 ? r : boot_nic_scripts(b, nic, err);
}

/* b->spec has it by now. */
static int bring(struct device_change *c, unsigned number, const char *section, const struct strv *sets, struct err *err)
{
	struct boot *b = c->b;
	int r = device_assign(c, section, NULL, err); /* what is reserved from here on is looked at when the run ends */

	if (r >= 0)
		r = net_reserve(&b->spec.net, &b->store, b->name, b->spec.container.uuid, err);
	if (r >= 0)
		r = boot_plan_net(&b->net, &b->spec, &b->store, b->name, err);
	debug_point("device", "claimed");
	if (r >= 0)
		r = device_save_spec(c, err); /* its undo finds its script there */
	if (r >= 0)
		r = make(c, number, err);
	net_plan_done(&b->net);
	if (r >= 0)
		r = device_assign(c, section, sets, err);
	debug_point("device", "assigned");
	return r;
}

/* "spec" has it until it has gone, and while it does the assignments say that it is to go. */
static int undo(struct device_change *c, const struct strv *assign, unsigned number, const char *section)
{
	struct err err = { 0 };
	int r = device_assign(c, section, NULL, &err), left = 0;

	if (r >= 0)
		r = spec_nic_drop(&c->b->spec, number, &err);
	if (r >= 0)
		left = nic_settle(c, false, &err);
	if (r >= 0)
		r = device_save_spec(c, left < 0 ? NULL : &err);
	if (r >= 0)
		r = boot_replace_assignments(c->b->rundir, assign, left < 0 ? NULL : &err);
	r = left < 0 ? left : r;
	if (r < 0)
		log_error("undo: %s", err.msg);
	return r;
}

static int check(const struct device_change *c, struct err *err)
{
	autocall(hook_told_done) struct hook_told t = { 0 };
	const struct boot *b = c->b;
	int r = spec_check(&b->spec, err);

	if (r == 0)
		r = spec_tell_hooks(&b->spec, &b->store, b->name, &t, err);
	return r < 0 ? r : boot_check_scripts(&b->spec.net, &t.places, err);
}

static int nic_add(struct device_change *c, struct err *err)
{
	autocall(strv_done) struct strv sets = { 0 }, before = { 0 };
	struct boot *b = c->b;
	unsigned number;
	char section[16];
	int r = spec_pieces(c->words, &c->pieces, err);

	if (r >= 0)
		r = spec_nic_number(&b->spec, &c->configured, &c->pieces, &number, err);
	if (r >= 0)
		r = spec_nic_add(&b->spec, &c->pieces, number, &sets, err);
	if (r >= 0)
		r = check(c, err);
	if (r >= 0)
		r = boot_read_assignments(b->rundir, &before, err);
	if (r < 0)
		return r;
	name_section(number, section);
	r = bring(c, number, section, &sets, err);
	if (r < 0) {
		undo(c, &before, number, section);
		return r;
	}
	memcpy(c->text, section, sizeof section);
	log_info("%s has come", section);
	return 0;
}

/* What cannot go stays, to be asked for again. */
static int take_away(struct device_change *c, unsigned number, const char *section, struct err *err)
{
	autocall(strv_done) struct strv before = { 0 };
	autoclose int pidns = device_open_namespace(c, "pid", NULL);
	struct undoing undoing = { c->b, (int)number, pidns, false };
	int r = boot_read_assignments(c->b->rundir, &before, err);

	if (r >= 0)
		r = device_assign(c, section, NULL, err);
	debug_point("device", "given-up");
	if (r < 0)
		return r;
	r = undo_some(c->b->rundir, is_left, undo_line, &undoing, err);
	if (r < 0)
		boot_replace_assignments(c->b->rundir, &before, NULL);
	return r < 0 ? r : nic_settle(c, false, err);
}

static int nic_del(struct device_change *c, struct err *err)
{
	struct boot *b = c->b;
	unsigned number;
	char section[16];
	int r = spec_pieces(c->words, &c->pieces, err);

	if (r >= 0)
		r = spec_nic_find(&b->spec, &c->pieces, &number, err);
	if (r == -ENOENT) /* its configuration may have had it until now */
		device_give_back(&b->store, b->name, &b->spec, NULL);
	if (r < 0)
		return r;
	if (number == 0 && b->spec.net.forward.n)
		return err_set(err, EBUSY, "net.0: its forwards go to it: end them first, by mgr-forward del");
	name_section(number, section);
	r = take_away(c, number, section, err);
	if (r < 0)
		return r;
	memcpy(c->text, section, sizeof section);
	log_info("%s has gone", section);
	return 0;
}

const struct device_kind device_nic = { "nic", nic_add, nic_del, nic_settle };
