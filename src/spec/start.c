/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/start.h"

#include "base/clock.h"

static const struct key keys[] = {
	{ .name = "auto",
	  .type = &key_bool,
	  .off = offsetof(struct start_conf, by_itself),
	  .def = "no",
	  .help = "mgr-autostart starts it: with the machine, where mgr.service is enabled." },
	{ .name = "order",
	  .type = &key_uint,
	  .off = offsetof(struct start_conf, order),
	  .def = "0",
	  .max = 1000000,
	  .help = "Lower ones of a group are started earlier and stopped later; equal ones by name." },
	{ .name = "delay",
	  .type = &key_duration,
	  .off = offsetof(struct start_conf, delay),
	  .def = "0",
	  .help = "After its start mgr-autostart waits this long before it starts the next." },
	{ .name = "idle-freeze",
	  .type = &key_duration,
	  .off = offsetof(struct start_conf, idle_freeze),
	  .def = "0",
	  .max = 30 * 24 * 3600 * CLOCK_SECOND,
	  .help = "Frozen once no connection has been tracked for this long; the next one by a forward thaws it. 0: "
		  "never." },
	{ 0 },
};

const struct section start_section = { .name = "start", .keys = keys };
