/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of options. */
#include <errno.h>
#include <stdint.h>

#include "cli/cli.h"

int cli_set_uint(const char *value, uint64_t min, uint64_t max, uint64_t *ret, struct err *err)
{
	if (str_uint(value, min, max, ret) == 0)
		return 0;
	return err_set(err, EINVAL, "'%s' is not a whole number from %ju to %ju", value, (uintmax_t)min, (uintmax_t)max);
}

int cli_set_duration(const char *value, uint64_t *ret_ns, struct err *err)
{
	if (str_duration(value, ret_ns) == 0)
		return 0;
	return err_set(err, EINVAL, "'%s' is not a duration such as 10, 2.5s, 500ms or 1m", value);
}

int cli_set_key(struct strv *set, const char *key, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, EINVAL, "is empty");
	return strv_addf(set, "%s=%s", key, value) < 0 ? err_nomem(err) : 0;
}
