/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* firewalld (firewalld.dbus(5)): an interface in the zone that lets everything through, until it is started or loaded anew.
 */
#include <errno.h>

#include "base/str.h"
#include "unit/systemd/systemd.h"

#define ZONE      "trusted"
#define FIREWALLD "org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1", "org.fedoraproject.FirewallD1.zone"

/* Its errors have one name; the message begins with what it is. */
static bool is_so_already(const sd_bus_error *error)
{
	static const char *const codes[] = { "ALREADY_ENABLED", "ZONE_ALREADY_SET", "ZONE_CONFLICT", "NOT_ENABLED",
					     "UNKNOWN_INTERFACE" };

	for (size_t i = 0; error->message && i < sizeof codes / sizeof *codes; i++)
		if (str_starts(error->message, codes[i]))
			return true;
	return bus_is_absent(error);
}

int firewalld_trust(const char *interface, bool trust, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, &m, FIREWALLD, trust ? "addInterface" : "removeInterface");
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", ZONE, interface);
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, &error, NULL);
	if (r < 0 && is_so_already(&error))
		r = 0;
	sd_bus_message_unref(m);
	if (r < 0)
		r = bus_failed(err, r, &error, "tell firewalld of the interface");
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	return r < 0 ? r : 0;
}
