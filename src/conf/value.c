/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values in and out: one key set, one key printed, a whole configuration as text. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/internal.h"

/* A value must come back from the file as it went in: one line, no blank at its ends. */
static int check_value(const char *value, struct err *err)
{
	size_t n = strlen(value);

	if (n > CONF_VALUE_MAX)
		return err_set(err, EINVAL, "the value is %zu bytes long, %d are allowed", n, CONF_VALUE_MAX);
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 127)
			return err_set(err, EINVAL, "the value contains control character %d", *p);
	if (n && (strchr(" \t", value[0]) || strchr(" \t", value[n - 1])))
		return err_set(err, EINVAL, "the value begins or ends with a blank");
	return 0;
}

int key_apply(const struct section *section, const struct key *key, void *in, const char *name, const char *value,
	      struct err *err)
{
	void *field = (char *)in + key->off;
	autofree char *pair = NULL;
	int r = check_value(value, err);

	if (r < 0)
		return r;
	if (section->kind == SECTION_FREE) {
		pair = str_fmt("%s=%s", name, value);
		return pair ? key->type->parse(key, field, pair, err) : err_nomem(err);
	}
	if (*value)
		return key->type->parse(key, field, value, err);
	key_clear(key, in);
	return key->flags & KEY_LIST ? 0 : key_default(key, in, err);
}

bool conf_repeats(const struct conf_key *key)
{
	const struct section *section = key->part->section;

	return section->kind == SECTION_FREE && section->repeats && section->repeats(key->name);
}

static void clear_list(const struct conf_key *key, void *in)
{
	const struct section *section = key->part->section;

	if (section->kind != SECTION_FREE && key->key->flags & KEY_LIST)
		key_clear(key->key, in);
	else if (conf_repeats(key))
		key_apply(section, key->key, in, key->name, "", NULL);
}

int conf_assign(const struct schema *schema, void *conf, const char *assignment, struct err *err)
{
	const char *eq = strchr(assignment, '=');
	autofree char *name = NULL;
	struct conf_key key;
	bool append;
	void *in;
	int r;

	if (!eq || eq == assignment)
		return err_set(err, EINVAL, "'%s' is not SECTION.KEY=VALUE", assignment);
	append = eq[-1] == '+';
	name = strndup(assignment, (size_t)(eq - assignment) - append);
	if (!name)
		return err_nomem(err);
	r = conf_find(schema, name, &key, err);
	if (r < 0)
		return r;
	if (append && !(key.key->flags & KEY_LIST))
		return err_set(err, EINVAL, "%s: is not a list, += cannot add to it", name);
	in = section_make(key.part, conf, &key.id, err);
	if (!in)
		return -ENOMEM;
	if (!append)
		clear_list(&key, in);
	r = key_apply(key.part->section, key.key, in, key.name, eq + 1, err);
	if (r == 0 && key.key->flags & KEY_INCLUDE && eq[1])
		r = conf_include(schema, conf, NULL, eq + 1, NULL, err);
	return r < 0 ? err_wrap(err, "%s", name) : 0;
}

static bool print_at(const struct key *key, const void *in, size_t i, struct str *out)
{
	return key->type->print(key, (const char *)in + key->off, i, out);
}

/* SECTION_FREE: value number `wanted` of one name. */
static bool print_named(const struct key *key, const void *in, const char *name, size_t wanted, struct str *out)
{
	size_t n = strlen(name), found = 0;

	for (size_t i = 0; found <= wanted; i++) {
		autocall(str_done) struct str pair = { 0 };
		if (!print_at(key, in, i, &pair))
			return false;
		if (strncmp(str_text(&pair), name, n) != 0 || str_text(&pair)[n] != '=')
			continue;
		if (found++ == wanted)
			str_add(out, str_text(&pair) + n + 1);
	}
	return true;
}

bool conf_print(const void *conf, const struct conf_key *key, size_t i, struct str *out)
{
	const void *in = section_get(key->part, conf, &key->id);

	if (!in)
		return false;
	if (key->part->section->kind == SECTION_FREE)
		return print_named(key->key, in, key->name, i, out);
	return print_at(key->key, in, i, out);
}

/* Value number i of those that conf_copy takes; SECTION_FREE: with its name. */
static bool print_copied(const void *from, const struct conf_key *key, size_t i, struct str *out)
{
	const void *in = section_get(key->part, from, &key->id);

	return in && print_at(key->key, in, i, out);
}

/* SECTION_FREE. */
static bool is_copied(const struct conf_key *key, const char *pair)
{
	const size_t n = strlen(key->name);

	if (conf_repeats(key))
		return key->part->section->repeats(pair);
	return strncmp(pair, key->name, n) == 0 && pair[n] == '=';
}

static int drop_copied(const struct conf_key *key, void *in, struct err *err)
{
	const struct section *section = key->part->section;

	for (size_t i = 0;;) {
		autocall(str_done) struct str pair = { 0 };
		if (!print_at(key->key, in, i, &pair))
			return pair.failed ? err_nomem(err) : 0;
		if (!is_copied(key, str_text(&pair))) {
			i++;
			continue;
		}
		pair.text[strcspn(pair.text, "=")] = '\0';
		if (key_apply(section, key->key, in, pair.text, "", err) < 0)
			return -err->code;
	}
}

int conf_copy(const void *from, void *to, const struct conf_key *key, struct err *err)
{
	const struct section *section = key->part->section;
	void *in = section_make(key->part, to, &key->id, err);
	const bool free_name = section->kind == SECTION_FREE;
	int r = in ? 0 : -ENOMEM;

	if (r == 0)
		r = free_name ? drop_copied(key, in, err) : key_apply(section, key->key, in, NULL, "", err);
	for (size_t i = 0; r == 0; i++) {
		autocall(str_done) struct str value = { 0 };
		if (!print_copied(from, key, i, &value))
			return value.failed ? err_nomem(err) : 0;
		if (free_name && !is_copied(key, str_text(&value)))
			continue;
		if (value.failed)
			return err_nomem(err);
		char *eq = free_name ? strchr(value.text, '=') : NULL;
		if (eq)
			*eq = '\0';
		r = key_apply(section, key->key, in, eq ? value.text : NULL, eq ? eq + 1 : str_text(&value), err);
	}
	return r;
}

bool conf_default(const struct key *key, size_t i, struct str *out)
{
	_Alignas(max_align_t) char field[512] = { 0 };
	struct key alone = *key;
	bool found;

	alone.off = 0;
	if (key->type->size > sizeof field)
		return false;
	key_clear(&alone, field);
	found = key_default(&alone, field, NULL) == 0 && print_at(&alone, field, i, out);
	key_clear(&alone, field);
	return found;
}

/* All values of a key, a line each, as the file has them. */
static void key_lines(const struct section *section, const struct key *key, const void *in, struct str *out)
{
	for (size_t i = 0;; i++) {
		autocall(str_done) struct str value = { 0 };
		if (!print_at(key, in, i, &value))
			return;
		if (section->kind == SECTION_FREE)
			str_addf(out, "%.*s = %s\n", (int)strcspn(str_text(&value), "="), str_text(&value),
				 str_text(&value) + strcspn(str_text(&value), "=") + 1);
		else
			str_addf(out, "%s = %s\n", key->name, str_text(&value));
	}
}

/* What key_lines would say of the default. */
static void default_lines(const struct section *section, const struct key *key, struct str *out)
{
	_Alignas(max_align_t) char field[512] = { 0 };
	struct key alone = *key;

	alone.off = 0;
	if (key->type->size > sizeof field)
		return;
	key_clear(&alone, field);
	if (key_default(&alone, field, NULL) == 0)
		key_lines(section, &alone, field, out);
	key_clear(&alone, field);
}

static void save_struct(const struct section *section, const void *in, struct str *out)
{
	for (const struct key *key = section->keys; key->name; key++) {
		autocall(str_done) struct str is = { 0 }, def = { 0 };
		if (key->flags & KEY_INCLUDE) /* what they say is in conf by now */
			continue;
		key_lines(section, key, in, &is);
		default_lines(section, key, &def);
		out->failed |= is.failed || def.failed;
		if (strcmp(str_text(&is), str_text(&def)) == 0)
			continue;
		if (key->def && key->flags & KEY_LIST)
			str_addf(out, "%s =\n", key->name);
		str_add(out, str_text(&is));
	}
}

static void save_elements(const struct conf_part *part, const void *conf, struct str *out)
{
	const struct section *section = part->section;
	struct conf_id id;
	const void *in;

	for (size_t i = 0; (in = section_at(part, conf, i, &id)); i++) {
		if (section->kind == SECTION_NUMBERED)
			str_addf(out, "\n[%s.%u]\n", section->name, id.number);
		else
			str_addf(out, "\n[%s.%s]\n", section->name, id.name);
		save_struct(section, in, out);
	}
}

static void save_part(const struct conf_part *part, const void *conf, struct str *out)
{
	const struct section *section = part->section;
	autocall(str_done) struct str body = { 0 };

	if (section_has_elements(section)) {
		save_elements(part, conf, out);
		return;
	}
	save_struct(section, (const char *)conf + part->off, &body);
	out->failed |= body.failed;
	if (body.len)
		str_addf(out, "\n[%s]\n%s", section->name, str_text(&body));
}

void conf_save(const struct schema *schema, const void *conf, struct str *out)
{
	str_addf(out, "version = %d\n", CONF_VERSION);
	for (size_t i = 0; i < schema->n; i++)
		save_part(&schema->parts[i], conf, out);
}
