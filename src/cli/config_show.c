/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/config_show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/print.h"
#include "life/state.h"
#include "spec/spec.h"

static int open_spec(const struct cli *cli, const char *container, struct spec *spec, struct err *err)
{
	const struct config_data *d = cli->data;
	autoclose int dir = store_container(&cli->store, container, err), run = -1;
	enum wire_state state;

	if (dir < 0)
		return dir;
	if (d->running && life_state(&cli->store, container, &state, err) < 0)
		return -err->code;
	if (d->running && state != WIRE_STOPPED)
		run = store_runtime(&cli->store, container, false, NULL);
	if (run >= 0 && faccessat(run, "spec", F_OK, 0) == 0)
		return spec_load(spec, run, "spec", err);
	return spec_load(spec, dir, "config", err);
}

static void print_values(const struct spec *spec, const struct conf_key *key)
{
	for (size_t i = 0;; i++) {
		autocall(str_done) struct str value = { 0 };
		if (!conf_print(spec, key, i, &value))
			return;
		print_escaped(str_text(&value));
		putchar('\n');
	}
}

static const struct print_column pair_columns[] = { { "key", NULL, PRINT_TEXT }, { "value", NULL, PRINT_TEXT } };

static int add_pair(struct print *out, const char *key, const char *value, struct err *err)
{
	return print_row(out, (struct print_cell[]){ print_text(key), print_text(value) }, err);
}

/* An object each value. */
static int values_json(const struct spec *spec, const struct conf_key *key, const char *name, struct err *err)
{
	struct print *out = print_new(pair_columns, ARRAY_SIZE(pair_columns), PRINT_JSON, err);
	int r = out ? 0 : -err->code;

	for (size_t i = 0; r == 0; i++) {
		autocall(str_done) struct str value = { 0 };
		if (!conf_print(spec, key, i, &value))
			break;
		r = add_pair(out, name, str_text(&value), err);
	}
	if (r == 0)
		r = print_end(out, err);
	print_free(out);
	return r;
}

/* The lines of spec_print: "[SECTION]", "KEY = VALUE"; what stands above the sections is the file's, not the container's. */
static int add_lines(struct print *out, char *text, struct err *err)
{
	const char *section = NULL;
	char *save = NULL;
	int r = 0;

	for (char *line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		char *value = strstr(line, " =");
		if (line[0] == '[') {
			line[strcspn(line, "]")] = '\0';
			section = line + 1;
		} else if (section && value) {
			*value = '\0';
			value += value[2] == ' ' ? 3 : 2;
			autofree char *name = str_fmt("%s.%s", section, line);
			r = name ? add_pair(out, name, value, err) : err_nomem(err);
		}
	}
	return r;
}

static int show_json(char *text, struct err *err)
{
	struct print *out = print_new(pair_columns, ARRAY_SIZE(pair_columns), PRINT_JSON, err);
	int r = out ? add_lines(out, text, err) : -err->code;

	if (r == 0)
		r = print_end(out, err);
	print_free(out);
	return r;
}

int config_get(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	autocall(spec_done) struct spec spec;
	struct conf_key key;
	int r;

	spec_init(&spec);
	r = conf_find(&spec_schema, words[0], &key, err);
	if (r == 0)
		r = open_spec(cli, container, &spec, err);
	if (r == 0 && cli->json)
		return values_json(&spec, &key, words[0], err);
	if (r == 0)
		print_values(&spec, &key);
	return r;
}

int config_show(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	autocall(spec_done) struct spec spec;
	autocall(str_done) struct str text = { 0 };
	int r;

	(void)words;
	spec_init(&spec);
	r = open_spec(cli, container, &spec, err);
	if (r < 0)
		return r;
	spec_print(&spec, &text);
	if (text.failed)
		return err_nomem(err);
	if (cli->json)
		return show_json(text.text, err);
	fputs(str_text(&text), stdout);
	return 0;
}

static void key_type_text(const struct key *key, struct str *out)
{
	if (!key->names)
		str_add(out, key->type->name);
	for (size_t i = 0; key->names && key->names[i]; i++)
		str_addf(out, "%s%s", i ? "|" : "", key->names[i]);
	if (key->flags & KEY_LIST)
		str_add(out, ", list");
}

static int key_row(struct print *out, const struct section *section, const struct key *key, struct err *err)
{
	autofree char *name = str_fmt("%s%s.%s", section->name, conf_section_suffix(section), key->name);
	autocall(str_done) struct str type = { 0 }, def = { 0 };
	bool has_default = conf_default(key, 0, &def);

	key_type_text(key, &type);
	if (!name || type.failed || def.failed)
		return err_nomem(err);
	return print_row(out,
			 (struct print_cell[]){
				 print_text(name),
				 print_text(str_text(&type)),
				 print_text(has_default ? str_text(&def) : NULL),
				 print_number(!!(key->flags & KEY_LIVE)),
				 print_text(key->help),
			 },
			 err);
}

int config_keys(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	static const struct print_column columns[] = {
		{ "key", "KEY", PRINT_TEXT },   { "type", "TYPE", PRINT_TEXT }, { "default", "DEFAULT", PRINT_TEXT },
		{ "live", "LIVE", PRINT_BOOL }, { "help", "HELP", PRINT_TEXT },
	};
	struct print *out = print_new(columns, ARRAY_SIZE(columns), cli->json ? PRINT_JSON : PRINT_TABLE, err);
	int r = 0;

	(void)container, (void)words;
	if (!out)
		return -err->code;
	for (size_t i = 0; i < spec_schema.n && r == 0; i++) {
		const struct section *section = spec_schema.parts[i].section;
		for (const struct key *key = section->keys; key->name && r == 0; key++)
			r = key_row(out, section, key, err);
	}
	if (r == 0)
		r = print_end(out, err);
	print_free(out);
	return r;
}
