/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "init/init.h"

int init_argv(const struct init_conf *conf, struct strv *ret, struct err *err)
{
	int r = strv_add_words(ret, conf->cmd ? conf->cmd : "/sbin/init");

	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0 || ret->n == 0 || ret->v[0][0] != '/')
		return err_set(err, EINVAL, "init.cmd '%s' is no absolute path", conf->cmd ? conf->cmd : "");
	return 0;
}

static bool has_variable(const struct strv *env, const char *assignment)
{
	size_t n = strcspn(assignment, "=");

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], assignment, n) == 0 && env->v[i][n] == '=')
			return true;
	return false;
}

int init_environment(const struct init_conf *conf, const char *uuid, struct strv *ret, struct err *err)
{
	static const char *const defaults[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=linux",
		"HOME=/",
	};

	/* systemd's container interface, https://systemd.io/CONTAINER_INTERFACE */
	if (strv_add(ret, "container=mgr") < 0 || strv_add(ret, "NOTIFY_SOCKET=" INIT_NOTIFY_PATH) < 0 ||
	    (uuid && strv_addf(ret, "container_uuid=%s", uuid) < 0))
		return err_nomem(err);
	for (size_t i = 0; i < conf->environment.n; i++)
		if (strv_add(ret, conf->environment.v[i]) < 0)
			return err_nomem(err);
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (!has_variable(&conf->environment, defaults[i]) && strv_add(ret, defaults[i]) < 0)
			return err_nomem(err);
	return 0;
}
