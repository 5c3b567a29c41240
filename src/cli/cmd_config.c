/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "conf/edit.h"
#include "spec/spec.h"
#include "store/claim.h"

/* The words behind the options, once the verb is known. */
struct config_verb {
	const char *name;
	size_t words; /* that follow it */
	bool names;   /* needs -n */
	int (*run)(struct cli *cli, const char *container, char *const words[], struct err *err);
};

static int open_spec(const struct cli *cli, const char *container, struct spec *spec, struct err *err)
{
	autoclose int dir = store_container(&cli->store, container, err);

	return dir < 0 ? dir : spec_load(spec, dir, "config", err);
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

static int get(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	autocall(spec_done) struct spec spec;
	struct conf_key key;
	int r;

	spec_init(&spec);
	r = conf_find(&spec_schema, words[0], &key, err);
	if (r == 0)
		r = open_spec(cli, container, &spec, err);
	if (r == 0)
		print_values(&spec, &key);
	return r;
}

static int show(struct cli *cli, const char *container, char *const words[], struct err *err)
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
	fputs(str_text(&text), stdout);
	return text.failed ? err_nomem(err) : 0;
}

/* The new text takes the file's place when all of it is valid. */
static int keep(int dir, const struct str *text, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	if (text->failed)
		return err_nomem(err);
	r = conf_load_text(&spec_schema, &spec, "config", str_text(text), text->len, err);
	if (r == 0)
		r = spec_check(&spec, err);
	return r < 0 ? r : file_replace_at(dir, "config", text->text, text->len, 0600, err);
}

/* One key (or with EDIT_UNSET and no key->name a section) changed in the container's config. Who edits it holds a lock on
 * its folder: two at once would lose a change. */
static int change(struct cli *cli, const char *container, enum edit how, const struct conf_key *key, const char *name,
		  const char *value, struct err *err)
{
	autoclose int dir = store_container(&cli->store, container, err);
	autocall(str_done) struct str text = { 0 };
	autofree char *old = NULL;
	int r;

	if (dir < 0)
		return dir;
	store_sweep(&cli->store, NULL);
	if (flock(dir, LOCK_EX) < 0)
		return err_sys(err, errno, "lock the folder of '%s'", container);
	r = file_read_at(dir, "config", CONF_FILE_MAX, &old, NULL, err);
	if (r < 0)
		return r;
	if (!edit_text(old, how, name, key->section_size, key->name, value, &text))
		return 0;
	return keep(dir, &text, err);
}

/* The value alone is looked at first: its error is then about what was typed, not about a line of the file. */
static int try_value(const char *name, const char *how, const char *value, struct err *err)
{
	autofree char *assignment = str_fmt("%s%s%s", name, how, value);
	autocall(spec_done) struct spec spec;

	spec_init(&spec);
	return assignment ? spec_set(&spec, assignment, err) : err_nomem(err);
}

static int set(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	struct conf_key key;
	int r = conf_find(&spec_schema, words[0], &key, err);

	if (r == 0)
		r = try_value(words[0], "=", words[1], err);
	return r < 0 ? r : change(cli, container, EDIT_SET, &key, words[0], words[1], err);
}

static int add(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	struct conf_key key;
	int r = conf_find(&spec_schema, words[0], &key, err);

	if (r == 0)
		r = try_value(words[0], "+=", words[1], err);
	return r < 0 ? r : change(cli, container, EDIT_ADD, &key, words[0], words[1], err);
}

static int unset(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	struct conf_key key = { .section_size = strlen(words[0]) };
	int r = conf_is_section(&spec_schema, words[0]) ? 0 : conf_find(&spec_schema, words[0], &key, err);

	return r < 0 ? r : change(cli, container, EDIT_UNSET, &key, words[0], NULL, err);
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
	autofree char *name = str_fmt("%s%s.%s", section->name, section->kind == SECTION_NUMBERED ? ".N" : "", key->name);
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

static int keys(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	static const struct print_column columns[] = {
		{ "key", "KEY", PRINT_TEXT }, { "type", "TYPE", PRINT_TEXT }, { "default", "DEFAULT", PRINT_TEXT },
		{ "live", NULL, PRINT_BOOL }, { "help", "HELP", PRINT_TEXT },
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

static const struct config_verb verbs[] = {
	{ "get", 1, true, get },     { "set", 2, true, set },   { "add", 2, true, add },
	{ "unset", 1, true, unset }, { "show", 0, true, show }, { "keys", 0, false, keys },
};

static int config(struct cli *cli, const char *container, struct err *err)
{
	const char *name = cli->rest.n ? cli->rest.v[0] : NULL;

	if (!name)
		return cli_usage(cli, "nothing to do: get, set, add, unset, show or keys");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const struct config_verb *verb = &verbs[i];
		if (!str_eq(verb->name, name))
			continue;
		if (cli->rest.n - 1 != verb->words)
			return cli_usage(cli, "'%s' takes %zu argument%s, not %zu", name, verb->words,
					 verb->words == 1 ? "" : "s", cli->rest.n - 1);
		if (verb->names && !container)
			return cli_usage(cli, "no container named");
		return verb->run(cli, container, cli->rest.v + 1, err);
	}
	return cli_usage(cli, "'%s' is not get, set, add, unset, show or keys", name);
}

const struct command cmd_config = {
	.name = "config",
	.args = "-n NAME get KEY | set KEY VALUE | add KEY VALUE | unset KEY | show, or keys",
	.help = "Read and change the configuration of a container.",
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.run = config,
};
