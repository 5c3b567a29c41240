/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding sections, elements and keys by name, and their defaults. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

/* The struct of a section that has elements; a room's own has a typed v. */
struct elements {
	size_t n;
	void *v;
};

static void *part_of(const struct conf_part *part, void *conf)
{
	return (char *)conf + part->off;
}

static char *element_at(const struct section *section, const struct elements *e, size_t i)
{
	return (char *)e->v + i * section->element;
}

bool section_has_elements(const struct section *section)
{
	return section->kind == SECTION_NUMBERED || section->kind == SECTION_NAMED;
}

/* As an element begins with it. */
static struct conf_id id_of(const struct section *section, const char *element)
{
	struct conf_id id = { 0 };

	if (section->kind == SECTION_NUMBERED)
		memcpy(&id.number, element, sizeof id.number);
	else
		memcpy(id.name, element, sizeof id.name);
	return id;
}

static int id_compare(const struct conf_id *a, const struct conf_id *b)
{
	return a->number != b->number ? (a->number > b->number) - (a->number < b->number) : strcmp(a->name, b->name);
}

int key_default(const struct key *key, void *in, struct err *err)
{
	return key->def ? key->type->parse(key, (char *)in + key->off, key->def, err) : 0;
}

void key_clear(const struct key *key, void *in)
{
	void *field = (char *)in + key->off;

	if (key->type->clear)
		key->type->clear(key, field);
	else
		memset(field, 0, key->type->size);
}

static int struct_init(const struct section *section, void *in, struct err *err)
{
	for (const struct key *key = section->keys; key->name; key++) {
		key_clear(key, in);
		int r = key_default(key, in, err);
		if (r < 0)
			return err_wrap(err, "%s: default", key->name);
	}
	return 0;
}

static void struct_done(const struct section *section, void *in)
{
	for (const struct key *key = section->keys; key->name; key++)
		key_clear(key, in);
}

int conf_init(const struct schema *schema, void *conf, struct err *err)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct conf_part *part = &schema->parts[i];
		int r = 0;
		if (section_has_elements(part->section))
			memset(part_of(part, conf), 0, sizeof(struct elements));
		else
			r = struct_init(part->section, part_of(part, conf), err);
		if (r < 0)
			return r;
	}
	return 0;
}

void conf_done(const struct schema *schema, void *conf)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct section *section = schema->parts[i].section;
		void *in = part_of(&schema->parts[i], conf);
		struct elements e;

		if (!section_has_elements(section)) {
			struct_done(section, in);
			continue;
		}
		memcpy(&e, in, sizeof e);
		for (size_t k = 0; k < e.n; k++)
			struct_done(section, element_at(section, &e, k));
		free(e.v);
		memset(in, 0, sizeof e);
	}
}

/* Is it there? Its position, or where it would stand. */
static bool element_find(const struct section *section, const struct elements *e, const struct conf_id *id, size_t *ret)
{
	for (*ret = 0; *ret < e->n; ++*ret) {
		struct conf_id is = id_of(section, element_at(section, e, *ret));
		int order = id_compare(&is, id);
		if (order >= 0)
			return order == 0;
	}
	return false;
}

const void *section_get(const struct conf_part *part, const void *conf, const struct conf_id *id)
{
	const void *in = (const char *)conf + part->off;
	struct elements e;
	size_t i;

	if (!section_has_elements(part->section))
		return in;
	memcpy(&e, in, sizeof e);
	return element_find(part->section, &e, id, &i) ? element_at(part->section, &e, i) : NULL;
}

const void *section_at(const struct conf_part *part, const void *conf, size_t i, struct conf_id *ret_id)
{
	const void *in = (const char *)conf + part->off;
	struct elements e;

	if (!section_has_elements(part->section))
		return i == 0 ? in : NULL;
	memcpy(&e, in, sizeof e);
	if (i >= e.n)
		return NULL;
	*ret_id = id_of(part->section, element_at(part->section, &e, i));
	return element_at(part->section, &e, i);
}

void *section_make(const struct conf_part *part, void *conf, const struct conf_id *id, struct err *err)
{
	void *in = part_of(part, conf), *v;
	struct elements e;
	char *element;
	size_t i;

	if (!section_has_elements(part->section))
		return in;
	memcpy(&e, in, sizeof e);
	if (element_find(part->section, &e, id, &i))
		return element_at(part->section, &e, i);
	v = reallocarray(e.v, e.n + 1, part->section->element);
	if (!v) {
		err_nomem(err);
		return NULL;
	}
	e.v = v;
	element = element_at(part->section, &e, i);
	memmove(element + part->section->element, element, (e.n - i) * part->section->element);
	memset(element, 0, part->section->element);
	if (part->section->kind == SECTION_NUMBERED)
		memcpy(element, &id->number, sizeof id->number);
	else
		memcpy(element, id->name, sizeof id->name);
	e.n++;
	memcpy(in, &e, sizeof e);
	return struct_init(part->section, element, err) < 0 ? NULL : element;
}

bool conf_has_section(const struct schema *schema, const void *conf, const char *name)
{
	const struct conf_part *part;
	struct conf_id id;

	return section_find(schema, name, strlen(name), &part, &id) == 0 && section_get(part, conf, &id);
}

int conf_drop_section(const struct schema *schema, void *conf, const char *name, struct err *err)
{
	const struct conf_part *part;
	struct elements e;
	struct conf_id id;
	char *element;
	size_t i;

	if (section_find(schema, name, strlen(name), &part, &id) < 0 || !section_has_elements(part->section))
		return err_set(err, EINVAL, "'%s' is no section that has a number or name", name);
	memcpy(&e, part_of(part, conf), sizeof e);
	if (!element_find(part->section, &e, &id, &i))
		return 0;
	element = element_at(part->section, &e, i);
	struct_done(part->section, element);
	memmove(element, element + part->section->element, (e.n - i - 1) * part->section->element);
	e.n--;
	memcpy(part_of(part, conf), &e, sizeof e);
	return 0;
}

/* The digits after "net.", without a leading zero: two spellings of one number would be two sections to the editor. */
static int section_number(const struct section *section, const char *text, size_t len, unsigned *ret)
{
	char digits[12];
	uint64_t n;

	if (len == 0 || len >= sizeof digits || (len > 1 && text[0] == '0'))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_uint(digits, 0, section->max, &n) < 0)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

bool conf_id_is_name(const char *text, size_t len)
{
	if (len == 0 || len > CONF_ID_MAX || text[0] < 'a' || text[0] > 'z')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", text[i]))
			return false;
	return true;
}

/* What stands behind the dot of "net.0", "network.blue". */
static int section_id(const struct section *section, const char *text, size_t len, struct conf_id *ret)
{
	if (section->kind == SECTION_NUMBERED)
		return section_number(section, text, len, &ret->number);
	if (!conf_id_is_name(text, len))
		return -EINVAL;
	memcpy(ret->name, text, len);
	return 0;
}

const char *conf_section_suffix(const struct section *section)
{
	return section->kind == SECTION_NUMBERED ? ".N" : section->kind == SECTION_NAMED ? ".NAME" : "";
}

int section_find(const struct schema *schema, const char *name, size_t len, const struct conf_part **ret_part,
		 struct conf_id *ret_id)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct section *section = schema->parts[i].section;
		size_t own = strlen(section->name);

		if (len < own || memcmp(name, section->name, own) != 0)
			continue;
		*ret_id = (struct conf_id){ 0 };
		if (section_has_elements(section)) {
			if (len < own + 2 || name[own] != '.' ||
			    section_id(section, name + own + 1, len - own - 1, ret_id) < 0)
				continue;
		} else if (len != own)
			continue;
		*ret_part = &schema->parts[i];
		return 0;
	}
	return -EINVAL;
}

bool conf_is_section(const struct schema *schema, const char *name)
{
	const struct conf_part *part;
	struct conf_id id;

	return section_find(schema, name, strlen(name), &part, &id) == 0;
}

const struct key *section_key(const struct section *section, const char *name)
{
	const struct key *key = section->keys;

	if (section->kind == SECTION_FREE)
		return *name ? key : NULL;
	while (key->name && strcmp(key->name, name) != 0)
		key++;
	return key->name ? key : NULL;
}

int conf_find(const struct schema *schema, const char *name, struct conf_key *ret, struct err *err)
{
	const char *dot = name + strlen(name), *best = NULL;

	*ret = (struct conf_key){ 0 };
	if (str_starts(name, "lxc."))
		return unknown_lxc(schema, name, err);
	while ((dot = memrchr(name, '.', (size_t)(dot - name)))) {
		best = dot;
		if (section_find(schema, name, (size_t)(dot - name), &ret->part, &ret->id) < 0)
			continue;
		ret->name = dot + 1;
		ret->section_size = (size_t)(dot - name);
		ret->key = section_key(ret->part->section, ret->name);
		if (ret->key)
			return 0;
		unknown_key(ret->part->section, ret->name, err);
		return err_wrap(err, "%.*s", (int)ret->section_size, name);
	}
	if (!best)
		return err_set(err, EINVAL, "'%s' is not SECTION.KEY, such as net.0.link", name);
	return unknown_section(schema, name, (size_t)(best - name), err);
}
