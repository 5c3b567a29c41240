/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "unit/internal.h"

static pid_t tell(const struct strv *argv, int log, struct err *err)
{
	const struct proc_fd fd = { log, STDERR_FILENO };

	return proc_spawn((const char *const *)argv->v, &fd, log >= 0, NULL, err);
}

bool unit_has_bus(void)
{
	return access("/run/dbus/system_bus_socket", W_OK) == 0 && access(UNIT_PROGRAM, X_OK) == 0;
}

bool unit_has_resolved(void)
{
	return access("/run/systemd/resolve/stub-resolv.conf", F_OK) == 0;
}

pid_t unit_tell_firewalld(const char *interface, bool trust, int log, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };

	if (strv_add(&argv, UNIT_PROGRAM) < 0 || strv_add(&argv, "--firewalld") < 0 ||
	    strv_add(&argv, trust ? "add" : "remove") < 0 || strv_add(&argv, interface) < 0)
		return err_nomem(err);
	return tell(&argv, log, err);
}

pid_t unit_tell_resolved(const char *interface, const char *server, const struct strv *domains, int log, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	int r = 0;

	if (strv_add(&argv, UNIT_PROGRAM) < 0 || strv_add(&argv, "--resolved") < 0 || strv_add(&argv, interface) < 0 ||
	    strv_add(&argv, server) < 0)
		return err_nomem(err);
	for (size_t i = 0; i < domains->n && r >= 0; i++)
		r = strv_add(&argv, domains->v[i]);
	return r < 0 ? err_nomem(err) : tell(&argv, log, err);
}
