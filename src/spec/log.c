/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/log.h"

#include <errno.h>

/* A name in any case, or LXC's number. */
static int parse_level(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (log_level_parse(text, field))
		return 0;
	return err_set(err, EINVAL, "'%s' is not one of " LOG_LEVEL_LIST, text);
}

static bool print_level(const struct key *key, const void *field, size_t i, struct str *out)
{
	(void)key;
	if (i == 0)
		str_add(out, log_level_names[*(const enum log_level *)field]);
	return i == 0;
}

static const struct key_type key_level = { "level", sizeof(enum log_level), parse_level, print_level, NULL };

static const struct key keys[] = {
	{ .name = "level",
	  .type = &key_level,
	  .off = offsetof(struct log_conf, level),
	  .def = "INFO",
	  .help = "What is less severe than this is not written to the container's log." },
	{ 0 },
};

const struct section log_section = { .name = "log", .keys = keys };
