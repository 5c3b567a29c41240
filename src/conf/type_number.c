/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key types whose field is a number. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "conf/conf.h"

static int parse_bool(const struct key *key, void *field, const char *text, struct err *err)
{
	static const char *const names[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	(void)key;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(text, names[i]) == 0) {
			*(bool *)field = i & 1;
			return 0;
		}
	return err_set(err, EINVAL, "'%s' is neither yes nor no", text);
}

static bool print_bool(const struct key *key, const void *field, size_t i, struct str *out)
{
	(void)key;
	if (i == 0)
		str_add(out, *(const bool *)field ? "yes" : "no");
	return i == 0;
}

const struct key_type key_bool = { "yes|no", sizeof(bool), parse_bool, print_bool, NULL };

static int parse_number(const struct key *key, uint64_t most, const char *text, uint64_t *ret, struct err *err)
{
	uint64_t max = key->max ? key->max : most;

	if (str_uint(text, key->min, max, ret) == 0)
		return 0;
	if (max == UINT64_MAX)
		return err_set(err, EINVAL, "'%s' is not a whole number of at least %" PRIu64, text, key->min);
	return err_set(err, EINVAL, "'%s' is not a whole number from %" PRIu64 " to %" PRIu64, text, key->min, max);
}

/* Zero means "not set" where zero is not allowed or nothing is the default. */
static bool has_value(const struct key *key, uint64_t n, size_t i)
{
	return i == 0 && (n > 0 || (key->min == 0 && key->def));
}

static bool print_number(const struct key *key, uint64_t n, size_t i, struct str *out)
{
	if (!has_value(key, n, i))
		return false;
	str_addf(out, "%" PRIu64, n);
	return true;
}

static int parse_uint(const struct key *key, void *field, const char *text, struct err *err)
{
	return parse_number(key, UINT64_MAX, text, field, err);
}

static bool print_uint(const struct key *key, const void *field, size_t i, struct str *out)
{
	return print_number(key, *(const uint64_t *)field, i, out);
}

const struct key_type key_uint = { "number", sizeof(uint64_t), parse_uint, print_uint, NULL };

static int parse_u32(const struct key *key, void *field, const char *text, struct err *err)
{
	uint64_t n;
	int r = parse_number(key, UINT32_MAX, text, &n, err);

	if (r == 0)
		*(uint32_t *)field = (uint32_t)n;
	return r;
}

static bool print_u32(const struct key *key, const void *field, size_t i, struct str *out)
{
	return print_number(key, *(const uint32_t *)field, i, out);
}

const struct key_type key_u32 = { "number", sizeof(uint32_t), parse_u32, print_u32, NULL };

static int parse_size(const struct key *key, void *field, const char *text, struct err *err)
{
	uint64_t n;
	int r = str_size(text, &n);

	if (r == -EINVAL)
		return err_set(err, EINVAL, "'%s' is not a size such as 1048576, 512M or 2G", text);
	if (r < 0 || n < key->min || (key->max && n > key->max))
		return err_set(err, EINVAL, "'%s' is out of range: %" PRIu64 " to %" PRIu64 " bytes", text, key->min,
			       key->max ? key->max : UINT64_MAX);
	*(uint64_t *)field = n;
	return 0;
}

static bool print_size(const struct key *key, const void *field, size_t i, struct str *out)
{
	uint64_t n = *(const uint64_t *)field;
	unsigned unit = 0;

	if (!has_value(key, n, i))
		return false;
	while (n && n % 1024 == 0 && unit < 4) {
		n /= 1024;
		unit++;
	}
	str_addf(out, "%" PRIu64 "%.1s", n, unit ? &"KMGT"[unit - 1] : "");
	return true;
}

const struct key_type key_size = { "size", sizeof(uint64_t), parse_size, print_size, NULL };

static int parse_duration(const struct key *key, void *field, const char *text, struct err *err)
{
	uint64_t ns;

	if (str_duration(text, &ns) < 0 || ns < key->min || (key->max && ns > key->max))
		return err_set(err, EINVAL, "'%s' is not a duration such as 10, 2.5s, 500ms or 1m", text);
	*(uint64_t *)field = ns;
	return 0;
}

static bool print_duration(const struct key *key, const void *field, size_t i, struct str *out)
{
	uint64_t ns = *(const uint64_t *)field, part = ns % CLOCK_SECOND;

	if (!has_value(key, ns, i))
		return false;
	if (!part)
		str_addf(out, "%" PRIu64 "s", ns / CLOCK_SECOND);
	else if (part % CLOCK_MS == 0)
		str_addf(out, "%" PRIu64 "ms", ns / CLOCK_MS);
	else
		str_addf(out, "%" PRIu64 ".%06" PRIu64 "ms", ns / CLOCK_MS, ns % CLOCK_MS);
	return true;
}

const struct key_type key_duration = { "duration", sizeof(uint64_t), parse_duration, print_duration, NULL };

static int parse_enum(const struct key *key, void *field, const char *text, struct err *err)
{
	autocall(str_done) struct str all = { 0 };
	unsigned n;

	for (n = 0; key->names[n]; n++) {
		if (strcmp(text, key->names[n]) == 0) {
			memcpy(field, &n, sizeof n);
			return 0;
		}
		str_addf(&all, "%s%s", n ? ", " : "", key->names[n]);
	}
	return err_set(err, EINVAL, "'%s' is not one of %s", text, str_text(&all));
}

static bool print_enum(const struct key *key, const void *field, size_t i, struct str *out)
{
	unsigned n;

	memcpy(&n, field, sizeof n);
	if (i == 0)
		str_add(out, key->names[n]);
	return i == 0;
}

const struct key_type key_enum = { "one of", sizeof(unsigned), parse_enum, print_enum, NULL };
