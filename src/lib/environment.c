/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lib/internal.h"

/* A program may work in another folder: MGR_ROOT is made absolute. Ours stays as it is: other threads may read it. */
static int add(struct strv *ret, const char *variable)
{
	autofree char *absolute = NULL;

	if (str_starts(variable, MGR_REPORT_FD "="))
		return 0;
	if (str_starts(variable, "MGR_ROOT="))
		absolute = realpath(variable + strlen("MGR_ROOT="), NULL);
	return absolute ? strv_addf(ret, "MGR_ROOT=%s", absolute) : strv_add(ret, variable);
}

int environment_make(struct strv *ret, const char *more, struct err *err)
{
	int r = 0;

	for (char **p = environ; r == 0 && p && *p; p++)
		r = add(ret, *p);
	if (r == 0 && more)
		r = strv_add(ret, more);
	return r < 0 ? err_nomem(err) : 0;
}
