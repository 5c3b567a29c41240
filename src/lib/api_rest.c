/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of containers at rest: what needs the schema of configurations, by the commands that have it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lib/api.h"
#include "lib/program.h"

int mgr_create(struct mgr *m, const char *name, const struct mgr_create_options *options, struct mgr_error *error)
{
	autocall(strv_done) struct strv argv = { 0 };
	struct mgr_create_options o = { 0 };
	struct err err = { 0 };
	int r = store_check_name(name, &err);

	if (r == 0)
		r = api_options(&o, sizeof o, options, &err);
	if (r == 0 &&
	    (program_argv(&argv, &m->store, "create", name) | strv_add(&argv, "-t") |
	     strv_add(&argv, o.from ? o.from : "busybox") | (o.conf ? strv_add(&argv, "-f") | strv_add(&argv, o.conf) : 0) |
	     api_add_all(&argv, "-s", o.set) | strv_add(&argv, "--") | api_add_all(&argv, NULL, o.args)))
		r = err_nomem(&err);
	if (r == 0)
		r = program_run(&argv, NULL, &err);
	return api_end(r, &err, error);
}

int mgr_destroy(struct mgr *m, const char *name, bool force, struct mgr_error *error)
{
	autocall(strv_done) struct strv argv = { 0 };
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0 && (program_argv(&argv, &m->store, "destroy", name) | (force ? strv_add(&argv, "-f") : 0)))
		r = err_nomem(&err);
	if (r == 0)
		r = program_run(&argv, NULL, &err);
	return api_end(r, &err, error);
}

/* words: the verb and what it takes, NULL at the end. */
static int config(struct mgr *m, const char *name, const char *const *words, struct str *ret_output, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	int r = api_begin(m, name, err);

	if (r < 0)
		return r;
	if (program_argv(&argv, &m->store, "config", name) | strv_add(&argv, "--") | api_add_all(&argv, NULL, words))
		return err_nomem(err);
	return program_run(&argv, ret_output, err);
}

int mgr_config_get(struct mgr *m, const char *name, const char *key, char ***ret, struct mgr_error *error)
{
	autocall(str_done) struct str output = { 0 };
	struct strv values = { 0 };
	struct err err = { 0 };
	char *save = NULL;
	int r = config(m, name, (const char *const[]){ "get", key, NULL }, &output, &err);

	if (r == 0 && output.text)
		for (char *line = strtok_r(output.text, "\n", &save); r == 0 && line; line = strtok_r(NULL, "\n", &save))
			r = strv_add(&values, line);
	if (r == 0 && !values.v && !(values.v = calloc(1, sizeof *values.v)))
		r = -ENOMEM;
	if (r < 0) {
		strv_done(&values);
		return api_end(err.code ? r : err_nomem(&err), &err, error);
	}
	*ret = values.v;
	return (int)values.n;
}

int mgr_config_set(struct mgr *m, const char *name, const char *key, const char *value, struct mgr_error *error)
{
	struct err err = { 0 };
	int r;

	if (value)
		r = config(m, name, (const char *const[]){ "set", key, value, NULL }, NULL, &err);
	else
		r = config(m, name, (const char *const[]){ "unset", key, NULL }, NULL, &err);
	return api_end(r, &err, error);
}

int mgr_config_add(struct mgr *m, const char *name, const char *key, const char *value, struct mgr_error *error)
{
	struct err err = { 0 };
	int r = config(m, name, (const char *const[]){ "add", key, value, NULL }, NULL, &err);

	return api_end(r, &err, error);
}
