/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/describe.h"
#include "conf/conf.h"
#include "spec/spec.h"
#include "store/settings.h"

static void print_default(const struct key *key)
{
	for (size_t i = 0;; i++) {
		autocall(str_done) struct str text = { 0 };
		if (!conf_default(key, i, &text))
			return;
		printf("%s%s", i ? " " : "", str_text(&text));
	}
}

static void print_flags(const struct section *section, const struct key *key)
{
	printf("\t%s", key->flags & KEY_LIVE ? "live" : "start");
	if (key->flags & KEY_LIST)
		printf(" list");
	if (section->kind == SECTION_FREE)
		printf(" free");
	if (key->names)
		for (size_t i = 0; key->names[i]; i++)
			printf("%s%s", i ? "|" : "\t", key->names[i]);
	else
		printf("\t%s", key->type->name);
}

static void print_bounds(const struct key *key)
{
	printf("\t");
	if (key->max) /* "bytes" and "ns" are what sizes and durations are kept in */
		printf("%" PRIu64 "-%" PRIu64, key->min, key->max);
	else if (key->min)
		printf("%" PRIu64 "-", key->min);
	printf("\t");
}

/* key FILE SECTION KEY FLAGS TYPE BOUNDS DEFAULT HELP */
static void print_schema(const char *file, const struct schema *schema)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct section *section = schema->parts[i].section;
		for (const struct key *key = section->keys; key->name; key++) {
			printf("key\t%s\t%s%s\t%s", file, section->name, conf_section_suffix(section), key->name);
			print_flags(section, key);
			print_bounds(key);
			print_default(key);
			printf("\t%s\n", key->help);
		}
	}
}

void describe_keys(void)
{
	print_schema("mgr.container.conf", &spec_schema);
	print_schema("mgr.conf", &settings_schema);
}
