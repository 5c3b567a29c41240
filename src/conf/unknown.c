/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that are not known: what was probably meant. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/internal.h"

#define LONGEST 64

/* Levenshtein's distance, LONGEST when either is longer than that. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], n = strlen(a), m = strlen(b);

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

/* The best name so far for what was given. */
struct nearest {
	const char *given, *name;
	size_t distance;
};

static void consider(struct nearest *n, const char *name)
{
	size_t d = distance(n->given, name);

	if (d < n->distance && d <= 1 + strlen(n->given) / 4) {
		n->distance = d;
		n->name = name;
	}
}

static const char *dot_number(const struct section *section)
{
	return section->kind == SECTION_NUMBERED ? ".N" : "";
}

int unknown_section(const struct schema *schema, const char *name, size_t len, struct err *err)
{
	char given[LONGEST + 1];
	struct nearest best = { .given = given, .distance = LONGEST };
	autocall(str_done) struct str all = { 0 };

	str_print(given, sizeof given, "%.*s", (int)len, name);
	given[strcspn(given, ".")] = '\0';
	for (size_t i = 0; i < schema->n; i++) {
		const struct section *section = schema->parts[i].section;
		if (str_eq(given, section->name) && section->kind == SECTION_NUMBERED)
			return err_set(err, EINVAL, "unknown section [%.*s]: [%s.N] takes a number from 0 to %u", (int)len,
				       name, section->name, section->max);
		consider(&best, section->name);
		str_addf(&all, "%s%s%s", i ? ", " : "", section->name, dot_number(section));
	}
	if (best.name)
		err_set(err, EINVAL, "unknown section [%.*s]; did you mean [%s]?", (int)len, name, best.name);
	else
		err_set(err, EINVAL, "unknown section [%.*s]; there are %s", (int)len, name, str_text(&all));
	return -EINVAL;
}

int unknown_key(const struct section *section, const char *name, struct err *err)
{
	struct nearest best = { .given = name, .distance = LONGEST };
	autocall(str_done) struct str all = { 0 };

	for (const struct key *key = section->keys; key->name; key++) {
		consider(&best, key->name);
		str_addf(&all, "%s%s", key == section->keys ? "" : ", ", key->name);
	}
	if (section->kind == SECTION_FREE)
		err_set(err, EINVAL, "a name is missing");
	else if (best.name)
		err_set(err, EINVAL, "unknown key '%s'; did you mean '%s'?", name, best.name);
	else
		err_set(err, EINVAL, "unknown key '%s'; [%s%s] has %s", name, section->name, dot_number(section),
			str_text(&all));
	return -EINVAL;
}

int unknown_lxc(const struct schema *schema, const char *name, struct err *err)
{
	const char *own = str_eq(name, "lxc.include") ? "include.path" : name + strlen("lxc.");
	autofree char *outside = str_fmt("container.%s", own); /* what LXC keeps outside any group */
	struct conf_key key;
	bool found = !str_starts(own, "lxc.") && conf_find(schema, own, &key, NULL) >= 0;

	if (!found && outside && !strchr(own, '.') && conf_find(schema, outside, &key, NULL) >= 0) {
		own = outside;
		found = true;
	}
	if (!found)
		return err_set(err, EINVAL, "'%s' is LXC's: here lxc.SECTION.KEY is KEY in [SECTION], see mgr-config keys",
			       name);
	return err_set(err, EINVAL, "'%s' is LXC's: here it is '%s' in [%.*s]", name, key.name, (int)key.section_size, own);
}
