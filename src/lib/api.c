/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

int api_begin(const struct mgr *m, const char *name, struct err *err)
{
	autoclose int dir = -1;
	int r = store_check_name(name, err);

	if (r < 0)
		return r;
	dir = store_container(&m->store, name, err);
	return dir < 0 ? dir : 0;
}

int api_end(int r, const struct err *err, struct mgr_error *error)
{
	_Static_assert(sizeof(struct mgr_error) == sizeof(struct err), "they hold the same");

	if (r < 0 && error) {
		error->code = -r;
		memcpy(error->message, err->msg, sizeof error->message);
	}
	return r;
}

int api_options(void *to, size_t size, const void *from, struct err *err)
{
	size_t given = 0;

	memset(to, 0, size);
	if (!from)
		return 0;
	memcpy(&given, from, sizeof given);
	if (given < sizeof given)
		return err_set(err, EINVAL, "the options have no size");
	for (size_t i = size; i < given; i++)
		if (((const char *)from)[i])
			return err_set(err, EOPNOTSUPP, "libmgr " PACKAGE_VERSION " is too old for these options");
	memcpy(to, from, given < size ? given : size);
	return 0;
}

uint64_t api_timeout(int ms)
{
	return ms < 0 ? CLOCK_NEVER : (uint64_t)ms * CLOCK_MS;
}

uint64_t api_deadline(int ms)
{
	return clock_in(api_timeout(ms));
}

int api_add_all(struct strv *to, const char *option, const char *const *list)
{
	int r = 0;

	for (; r == 0 && list && *list; list++) {
		if (option)
			r = strv_add(to, option);
		if (r == 0)
			r = strv_add(to, *list);
	}
	return r;
}

const char *mgr_version(void)
{
	return PACKAGE_VERSION;
}

int mgr_open(const char *path, struct mgr **ret, struct mgr_error *error)
{
	struct mgr *m = calloc(1, sizeof *m);
	struct err err = { 0 };
	int r = m ? store_open(&m->store, path, &err) : err_nomem(&err);

	if (r < 0)
		free(m);
	else
		*ret = m;
	return api_end(r, &err, error);
}

void mgr_close(struct mgr *m)
{
	if (!m)
		return;
	store_done(&m->store);
	free(m);
}

int mgr_list(struct mgr *m, char ***ret, struct mgr_error *error)
{
	struct strv names = { 0 };
	struct err err = { 0 };
	int r = store_list(&m->store, &names, &err);

	if (r >= 0 && !names.v && !(names.v = calloc(1, sizeof *names.v)))
		r = err_nomem(&err);
	if (r < 0) {
		strv_done(&names);
		return api_end(r, &err, error);
	}
	*ret = names.v;
	return (int)names.n;
}

void mgr_free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

int mgr_exists(struct mgr *m, const char *name, struct mgr_error *error)
{
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? api_end(r, &err, error) : 1;
}
