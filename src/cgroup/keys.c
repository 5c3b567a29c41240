/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [limits]. */
#include "cgroup/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/devices.h"
#include "cgroup/internal.h"

/* Bytes; UINT64_MAX is "not set", so that no swap at all can be asked for. */
static int parse_limit(const struct key *key, void *field, const char *text, struct err *err)
{
	return key_size.parse(key, field, text, err);
}

static bool print_limit(const struct key *key, const void *field, size_t i, struct str *out)
{
	uint64_t n = *(const uint64_t *)field;

	if (i > 0 || n == UINT64_MAX)
		return false;
	if (n > 0)
		return key_size.print(key, field, i, out);
	str_add(out, "0");
	return true;
}

static void clear_limit(const struct key *key, void *field)
{
	(void)key;
	*(uint64_t *)field = UINT64_MAX;
}

static const struct key_type key_limit = { "size", sizeof(uint64_t), parse_limit, print_limit, clear_limit };

/* Processors with at most three decimals, as thousandths. */
static int read_cpus(const char *text, uint64_t *ret)
{
	char whole[12];
	size_t n = strcspn(text, "."), decimals = text[n] ? strlen(text + n + 1) : 0;
	uint64_t thousandths = 0;

	if (str_print(whole, sizeof whole, "%.*s", (int)n, text) < 0 || str_uint(whole, 0, 65536, ret) < 0)
		return -EINVAL;
	if (text[n] && (decimals < 1 || decimals > 3 || str_uint(text + n + 1, 0, 999, &thousandths) < 0))
		return -EINVAL;
	for (; decimals < 3; decimals++)
		thousandths *= 10;
	*ret = *ret * 1000 + thousandths;
	return *ret > 0 ? 0 : -EINVAL;
}

static int parse_cpus(const struct key *key, void *field, const char *text, struct err *err)
{
	uint64_t n;

	(void)key;
	if (read_cpus(text, &n) < 0)
		return err_set(err, EINVAL, "'%s' is not a number of processors above 0, such as 2 or 1.5", text);
	*(uint64_t *)field = n;
	return 0;
}

static bool print_cpus(const struct key *key, const void *field, size_t i, struct str *out)
{
	uint64_t n = *(const uint64_t *)field;

	(void)key;
	if (i > 0 || n == 0)
		return false;
	str_addf(out, "%" PRIu64, n / 1000);
	if (n % 1000)
		str_addf(out, ".%03" PRIu64, n % 1000);
	while (n % 1000 && out->text[out->len - 1] == '0')
		out->text[--out->len] = '\0';
	return true;
}

static const struct key_type key_cpus = { "processors", sizeof(uint64_t), parse_cpus, print_cpus, NULL };

#define AT(field) offsetof(struct limits_conf, field)

/* The kernel's page, the least that a memory limit can be. */
#define PAGE_BYTES 4096

static const struct key keys[] = {
	{ .name = "memory",
	  .type = &key_limit,
	  .off = AT(memory),
	  .min = PAGE_BYTES,
	  .max = INT64_MAX,
	  .flags = KEY_LIVE,
	  .help = "Greatest memory." },
	{ .name = "swap",
	  .type = &key_limit,
	  .off = AT(swap),
	  .max = INT64_MAX,
	  .flags = KEY_LIVE,
	  .help = "Greatest swap, besides the memory; 0: none." },
	{ .name = "cpus",
	  .type = &key_cpus,
	  .off = AT(cpus),
	  .flags = KEY_LIVE,
	  .help = "Time of so many processors, such as 1.5." },
	{ .name = "cpu-weight",
	  .type = &key_uint,
	  .off = AT(cpu_weight),
	  .min = 1,
	  .max = 10000,
	  .flags = KEY_LIVE,
	  .help = "Share of processor time when there is not enough; others have 100." },
	{ .name = "cpuset",
	  .type = &key_cpuset,
	  .off = AT(cpuset),
	  .flags = KEY_LIVE,
	  .help = "Processors that it may use, such as 0-3,7." },
	{ .name = "pids",
	  .type = &key_uint,
	  .off = AT(pids),
	  .min = 1,
	  .max = 4194304,
	  .flags = KEY_LIVE,
	  .help = "Greatest number of processes and threads." },
	{ .name = "io-weight",
	  .type = &key_uint,
	  .off = AT(io_weight),
	  .min = 1,
	  .max = 10000,
	  .flags = KEY_LIVE,
	  .help = "Share of disk time when there is not enough; others have 100." },
	{ 0 },
};

const struct section cgroup_limits_section = { .name = "limits", .keys = keys };

/* A rule for devices, or a device's limits, comes after those that are there; "NAME=" takes all of that name out. */
static int parse_repeated(struct strv *list, const char *text, struct err *err)
{
	const char *value = strchr(text, '=') + 1;
	struct device_rule rule;

	if (!*value)
		return key_drop_named(list, text);
	if (cgroup_is_device_key(text) && device_rule_parse(value, &rule, err) < 0)
		return -err->code;
	return strv_add(list, text) < 0 ? err_nomem(err) : 0;
}

/* What moves processes, freezes or kills is the supervisor's. */
static int parse_file(const struct key *key, void *field, const char *text, struct err *err)
{
	static const char *const not_ours[] = { "cgroup.", "freezer.", "devices." };
	autofree char *name = strndup(text, strcspn(text, "="));

	(void)key;
	if (!name)
		return err_nomem(err);
	if (cgroup_check_key(name, err) < 0)
		return -err->code;
	if (cgroup_repeats(name))
		return parse_repeated(field, text, err);
	for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
		if (str_starts(name, not_ours[i]) || !strchr(name, '.'))
			return err_set(err, EINVAL, "'%s' is no setting of a controller, such as memory.high", name);
	return key_parse_named(field, text, err);
}

static const struct key_type key_file = { "text", sizeof(struct strv), parse_file, key_print_strv, key_clear_strv };

static const struct key v1_keys[] = {
	{ .name = "FILE",
	  .type = &key_file,
	  .off = AT(v1),
	  .flags = KEY_LIST | KEY_LIVE,
	  .help = "Value of a file of cgroup v1." },
	{ 0 },
};

static const struct key v2_keys[] = {
	{ .name = "FILE",
	  .type = &key_file,
	  .off = AT(v2),
	  .flags = KEY_LIST | KEY_LIVE,
	  .help = "Value of a file of cgroup v2." },
	{ 0 },
};

const struct section cgroup_v1_section = {
	.name = "cgroup", .kind = SECTION_FREE, .keys = v1_keys, .repeats = cgroup_repeats
};
const struct section cgroup_v2_section = {
	.name = "cgroup2", .kind = SECTION_FREE, .keys = v2_keys, .repeats = cgroup_repeats
};
