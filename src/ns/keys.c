/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [container] and [uts]. */
#include "ns/keys.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ns/ns.h"

/* Ids are 32 bits, and the last one means "no such id". */
#define ID_END UINT64_C(0xffffffff)

static bool overlap(uint32_t a, uint32_t b, uint32_t a_count, uint32_t b_count)
{
	return (uint64_t)a < (uint64_t)b + b_count && (uint64_t)b < (uint64_t)a + a_count;
}

static int check_range(const struct idmap *map, const struct idmap_range *new, const char *text, struct err *err)
{
	if (new->count == 0 || (uint64_t) new->guest + new->count > ID_END || (uint64_t) new->host + new->count > ID_END)
		return err_set(err, EINVAL, "'%s': ids run from 0 to %" PRIu64 ", one at least", text, ID_END - 1);
	for (size_t i = 0; map->mode == IDMAP_MAP && i < map->n; i++) {
		const struct idmap_range *old = &map->v[i];
		if (old->gid == new->gid && (overlap(old->guest, new->guest, old->count, new->count) ||
					     overlap(old->host, new->host, old->count, new->count)))
			return err_set(err, EINVAL, "'%s' overlaps '%c %u %u %u'", text, old->gid ? 'g' : 'u', old->guest,
				       old->host, old->count);
	}
	return 0;
}

/* "u 0 100000 65536" */
static int read_range(const char *text, struct idmap_range *ret)
{
	autofree char *copy = strdup(text);
	char *save = NULL, *word[5] = { NULL };
	uint64_t n[3];

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < 5 && (word[i] = strtok_r(i ? NULL : copy, " \t", &save)); i++)
		;
	if (!word[3] || word[4] || (!str_eq(word[0], "u") && !str_eq(word[0], "g")))
		return -EINVAL;
	for (size_t i = 0; i < 3; i++)
		if (str_uint(word[i + 1], 0, ID_END - 1, &n[i]) < 0)
			return -EINVAL;
	*ret = (struct idmap_range){ word[0][0] == 'g', (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2] };
	return 0;
}

static int parse_idmap(const struct key *key, void *field, const char *text, struct err *err)
{
	struct idmap *map = field;
	struct idmap_range range;
	int r;

	(void)key;
	if (str_eq(text, "auto") || str_eq(text, "none")) {
		*map = (struct idmap){ .mode = str_eq(text, "auto") ? IDMAP_AUTO : IDMAP_NONE };
		return 0;
	}
	r = read_range(text, &range);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return err_set(err, EINVAL,
			       "'%s' is not auto, none, or a range such as u 0 100000 65536 or g 0 100000 65536", text);
	r = check_range(map, &range, text, err);
	if (r < 0)
		return r;
	if (map->mode != IDMAP_MAP)
		*map = (struct idmap){ .mode = IDMAP_MAP };
	if (map->n == ARRAY_SIZE(map->v))
		return err_set(err, EINVAL, "'%s': there are %zu ranges already, no more are allowed", text, map->n);
	map->v[map->n++] = range;
	return 0;
}

static bool print_idmap(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct idmap *map = field;

	(void)key;
	if (map->mode != IDMAP_MAP) {
		if (i == 0)
			str_add(out, map->mode == IDMAP_AUTO ? "auto" : "none");
		return i == 0;
	}
	if (i >= map->n)
		return false;
	str_addf(out, "%c %u %u %u", map->v[i].gid ? 'g' : 'u', map->v[i].guest, map->v[i].host, map->v[i].count);
	return true;
}

static const struct key_type key_idmap = { "id map", sizeof(struct idmap), parse_idmap, print_idmap, NULL };

static bool uuid_ok(const char *text)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	}
	return text[36] == '\0';
}

static int parse_uuid(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (!uuid_ok(text))
		return err_set(err, EINVAL, "'%s' is not a uuid in lower case, such as 6f1c0f0e-0d5b-4d8e-9a57-3f1f1c2b4a90",
			       text);
	return key_store_string(field, text, err);
}

static const struct key_type key_uuid = { "uuid", sizeof(char *), parse_uuid, key_print_string, key_clear_string };

#define AT(field) offsetof(struct container_conf, field)

/* mgr-autostart -g parts its argument at commas. */
static int parse_groups(const struct key *key, void *field, const char *text, struct err *err)
{
	if (strchr(text, ','))
		return err_set(err, EINVAL, "'%s' has a comma: several groups are parted by blanks, or are a line each",
			       text);
	return key_words.parse(key, field, text, err);
}

static const struct key_type key_groups = { "words", sizeof(struct strv), parse_groups, key_print_strv, key_clear_strv };

static const struct key container_keys[] = {
	{ .name = "uuid", .type = &key_uuid, .off = AT(uuid), .help = "The container's identity; mgr-create makes it." },
	{ .name = "idmap",
	  .type = &key_idmap,
	  .off = AT(idmap),
	  .flags = KEY_LIST,
	  .help = "Ids of the host that stand for the guest's: auto, none (privileged), or ranges: u|g GUEST HOST COUNT." },
	{ .name = "no_new_privs",
	  .type = &key_bool,
	  .off = AT(no_new_privs),
	  .def = "no",
	  .help = "No program inside gains privileges by execve." },
	{ .name = "ephemeral",
	  .type = &key_bool,
	  .off = AT(ephemeral),
	  .def = "no",
	  .help = "Its next run is its last: it is removed when that ends, however it ends." },
	{ .name = "group",
	  .type = &key_groups,
	  .off = AT(group),
	  .flags = KEY_LIST,
	  .help = "Groups that it is in, for mgr-autostart -g." },
	{ 0 },
};

const struct section ns_container_section = { .name = "container", .keys = container_keys };

static const struct key uts_keys[] = {
	{ .name = "name",
	  .type = &key_hostname,
	  .off = offsetof(struct uts_conf, name),
	  .help = "Host name inside; the container's name when not set." },
	{ 0 },
};

const struct section ns_uts_section = { .name = "uts", .keys = uts_keys };
