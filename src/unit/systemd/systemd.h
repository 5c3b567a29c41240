/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_UNIT_SYSTEMD_SYSTEMD_H
#define MGR_UNIT_SYSTEMD_SYSTEMD_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "base/err.h"

#define SYSTEMD  "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define MACHINED "org.freedesktop.machine1", "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager"

/* What a call has said, or why there was none: r is the call's. Clears error. Returns -errno. */
int bus_failed(struct err *err, int r, sd_bus_error *error, const char *what);

/* Is there nobody of that name on the bus? */
bool bus_is_absent(const sd_bus_error *error);

/* scope.c: a scope around process `pid`; kind: "container", "lasting". 0 when it is in it. */
int scope_start(const char *kind, const char *unit, const char *description, pid_t pid, struct err *err);
/* machine.c */
int machine_register(const char *name, const char *uuid, pid_t leader, const char *root, struct err *err);
/* firewalld.c */
int firewalld_trust(const char *interface, bool trust, struct err *err);
/* resolved.c; domains: ends with NULL */
int resolved_tell(const char *interface, const char *server, const char *const domains[], struct err *err);

#endif
