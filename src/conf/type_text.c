/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key types whose field is text: a char * that is owned, NULL while not set. */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int key_store_string(void *field, const char *text, struct err *err)
{
	char *copy = strdup(text), **at = field;

	if (!copy)
		return err_nomem(err);
	free(*at);
	*at = copy;
	return 0;
}

bool key_print_string(const struct key *key, const void *field, size_t i, struct str *out)
{
	const char *text = *(char *const *)field;

	(void)key;
	if (i > 0 || !text)
		return false;
	str_add(out, text);
	return true;
}

void key_clear_string(const struct key *key, void *field)
{
	char **at = field;

	(void)key;
	free(*at);
	*at = NULL;
}

static int parse_string(const struct key *key, void *field, const char *text, struct err *err)
{
	if (key->max && strlen(text) > key->max)
		return err_set(err, EINVAL, "'%s' is longer than %ju bytes", text, (uintmax_t)key->max);
	return key_store_string(field, text, err);
}

const struct key_type key_string = { "text", sizeof(char *), parse_string, key_print_string, key_clear_string };

static int parse_path(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (text[0] != '/')
		return err_set(err, EINVAL, "'%s' is not an absolute path", text);
	return key_store_string(field, text, err);
}

const struct key_type key_path = { "path", sizeof(char *), parse_path, key_print_string, key_clear_string };

/* "0-3,7": increasing is not asked for, the kernel sorts. */
static bool cpuset_ok(const char *p)
{
	for (;;) {
		char *end;
		unsigned long first, last;

		if (!isdigit((unsigned char)*p))
			return false;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (!isdigit((unsigned char)*p))
				return false;
			last = strtoul(p, &end, 10);
		}
		if (last < first || last > 65535)
			return false;
		if (!*end)
			return true;
		if (*end != ',')
			return false;
		p = end + 1;
	}
}

static int parse_cpuset(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (!cpuset_ok(text))
		return err_set(err, EINVAL, "'%s' is not a list of processors such as 0-3,7", text);
	return key_store_string(field, text, err);
}

const struct key_type key_cpuset = { "processors", sizeof(char *), parse_cpuset, key_print_string, key_clear_string };

/* What dev_valid_name() of the kernel says, and no control characters. */
static bool ifname_ok(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= IFNAMSIZ || str_eq(name, ".") || str_eq(name, ".."))
		return false;
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || !isgraph((unsigned char)*p))
			return false;
	return true;
}

static int parse_ifname(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (!ifname_ok(text))
		return err_set(err, EINVAL,
			       "'%s' is not a name of an interface: 1 to %d visible characters without / and :", text,
			       IFNAMSIZ - 1);
	return key_store_string(field, text, err);
}

const struct key_type key_ifname = { "interface", sizeof(char *), parse_ifname, key_print_string, key_clear_string };

static bool hostname_ok(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 63 || name[0] == '-' || name[0] == '.' || name[n - 1] == '-' || name[n - 1] == '.')
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") == n;
}

static int parse_hostname(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (!hostname_ok(text))
		return err_set(err, EINVAL,
			       "'%s' is not a host name: 1 to 63 letters, digits, '-', '_' and '.', not at its ends", text);
	return key_store_string(field, text, err);
}

const struct key_type key_hostname = { "host name", sizeof(char *), parse_hostname, key_print_string, key_clear_string };
