/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registration with systemd-machined (org.freedesktop.machine1(5)). */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-login.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "unit/systemd/systemd.h"

#define EXISTS "org.freedesktop.machine1.MachineExists"

static int try_register(sd_bus *bus, const char *name, const sd_id128_t *id, pid_t leader, const char *root,
			sd_bus_error *error)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, MACHINED, "RegisterMachine");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'y', id->bytes, sizeof id->bytes);
	if (r >= 0)
		r = sd_bus_message_append(m, "ssus", "mgr", "container", (uint32_t)leader, root);
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, error, NULL);
	sd_bus_message_unref(m);
	return r;
}

/* Is a machine of that name the last run of ours: in the same unit? */
static bool is_ours(sd_bus *bus, const char *name, pid_t leader)
{
	autofree char *ours = NULL, *its = NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	bool same = false;

	if (sd_pid_get_unit(leader, &ours) >= 0 &&
	    sd_bus_call_method(bus, MACHINED, "GetMachine", NULL, &reply, "s", name) >= 0 &&
	    sd_bus_message_read(reply, "o", &path) >= 0 &&
	    sd_bus_get_property_string(bus, "org.freedesktop.machine1", path, "org.freedesktop.machine1.Machine", "Unit",
				       NULL, &its) >= 0)
		same = str_eq(ours, its);
	sd_bus_message_unref(reply);
	return same;
}

static int register_on(sd_bus *bus, const char *name, const char *uuid, pid_t leader, const char *root, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_id128_t id;
	int r = sd_id128_from_string(uuid, &id);

	if (r >= 0)
		r = try_register(bus, name, &id, leader, root, &error);
	if (r < 0 && sd_bus_error_has_name(&error, EXISTS) && is_ours(bus, name, leader)) {
		sd_bus_error_free(&error);
		r = sd_bus_call_method(bus, MACHINED, "UnregisterMachine", &error, NULL, "s", name);
		if (r >= 0)
			r = try_register(bus, name, &id, leader, root, &error);
	}
	return r < 0 ? bus_failed(err, r, &error, "register with systemd-machined") : 0;
}

int machine_register(const char *name, const char *uuid, pid_t leader, const char *root, struct err *err)
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r < 0)
		return bus_failed(err, r, NULL, "connect to the system bus");
	r = register_on(bus, name, uuid, leader, root, err);
	sd_bus_flush_close_unref(bus);
	return r;
}
