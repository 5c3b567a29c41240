/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding sections, elements and keys by name, and their defaults. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

/* The struct of a numbered section; a room's own has a typed v. */
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

static unsigned number_of(const char *element)
{
	unsigned n;

	memcpy(&n, element, sizeof n);
	return n;
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
		if (part->section->kind == SECTION_NUMBERED)
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

		if (section->kind != SECTION_NUMBERED) {
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

/* Position of element number, or where it would stand. */
static size_t element_find(const struct section *section, const struct elements *e, unsigned number)
{
	size_t i = 0;

	while (i < e->n && number_of(element_at(section, e, i)) < number)
		i++;
	return i;
}

const void *section_get(const struct conf_part *part, const void *conf, unsigned number)
{
	const void *in = (const char *)conf + part->off;
	struct elements e;
	size_t i;

	if (part->section->kind != SECTION_NUMBERED)
		return in;
	memcpy(&e, in, sizeof e);
	i = element_find(part->section, &e, number);
	return i < e.n && number_of(element_at(part->section, &e, i)) == number ? element_at(part->section, &e, i) : NULL;
}

void *section_make(const struct conf_part *part, void *conf, unsigned number, struct err *err)
{
	void *in = part_of(part, conf), *v;
	struct elements e;
	char *element;
	size_t i;

	if (part->section->kind != SECTION_NUMBERED)
		return in;
	memcpy(&e, in, sizeof e);
	i = element_find(part->section, &e, number);
	if (i < e.n && number_of(element_at(part->section, &e, i)) == number)
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
	memcpy(element, &number, sizeof number);
	e.n++;
	memcpy(in, &e, sizeof e);
	return struct_init(part->section, element, err) < 0 ? NULL : element;
}

bool conf_has_section(const struct schema *schema, const void *conf, const char *name)
{
	const struct conf_part *part;
	unsigned number;

	return section_find(schema, name, strlen(name), &part, &number) == 0 && section_get(part, conf, number);
}

int conf_drop_section(const struct schema *schema, void *conf, const char *name, struct err *err)
{
	const struct conf_part *part;
	struct elements e;
	unsigned number;
	char *element;
	size_t i;

	if (section_find(schema, name, strlen(name), &part, &number) < 0 || part->section->kind != SECTION_NUMBERED)
		return err_set(err, EINVAL, "'%s' is no section that has a number", name);
	memcpy(&e, part_of(part, conf), sizeof e);
	i = element_find(part->section, &e, number);
	if (i == e.n || number_of(element_at(part->section, &e, i)) != number)
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

int section_find(const struct schema *schema, const char *name, size_t len, const struct conf_part **ret_part,
		 unsigned *ret_number)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct section *section = schema->parts[i].section;
		size_t own = strlen(section->name);

		if (len < own || memcmp(name, section->name, own) != 0)
			continue;
		*ret_number = 0;
		if (section->kind == SECTION_NUMBERED) {
			if (len < own + 2 || name[own] != '.' ||
			    section_number(section, name + own + 1, len - own - 1, ret_number) < 0)
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
	unsigned number;

	return section_find(schema, name, strlen(name), &part, &number) == 0;
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
		if (section_find(schema, name, (size_t)(dot - name), &ret->part, &ret->number) < 0)
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
