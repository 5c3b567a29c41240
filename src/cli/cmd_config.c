/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/config_show.h"
#include "conf/edit.h"
#include "life/state.h"
#include "spec/spec.h"
#include "store/claim.h"

/* The words behind the options, once the verb is known. */
struct config_verb {
	const char *name;
	size_t words; /* that follow it */
	bool names;   /* needs -n */
	bool json;    /* takes --json */
	int (*run)(struct cli *cli, const char *container, char *const words[], struct err *err);
};

/* The new text takes the file's place when all of it is valid. */
static int keep(const struct cli *cli, const char *container, int dir, const char *path, const struct str *text,
		struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	if (text->failed || !path)
		return err_nomem(err);
	r = conf_load_text(&spec_schema, &spec, path, str_text(text), text->len, err);
	if (r == 0)
		r = spec_check(&spec, err);
	if (r == 0)
		r = spec_claim_ids(&spec, &cli->store, container, err);
	if (r == 0 && spec.container.uuid)
		r = net_claim(&spec.net, &cli->store, container, spec.container.uuid, err);
	return r < 0 ? r : file_replace_at(dir, "config", text->text, text->len, 0600, err);
}

/* A container that runs goes by what it was started with. */
static void say_when(const struct cli *cli, const char *container)
{
	enum wire_state state;

	if (cli_progress() && life_state(&cli->store, container, &state, NULL) == 0 && state != WIRE_STOPPED)
		fprintf(stderr, "mgr-config: %s: it is running: this holds from its next start or reboot\n", container);
}

/* One key (or without a name a section) changed in the container's config; 1, or 0 when nothing had to be. Who edits it
 * holds a lock on its folder: two at once would lose a change. */
static int change(struct cli *cli, const char *container, enum edit how, const struct conf_key *key, const char *name,
		  const char *value, struct err *err)
{
	autofree char *path = str_fmt("%s/%s/config", cli->store.containers, container);
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
	r = keep(cli, container, dir, path, &text, err);
	if (r == 0)
		say_when(cli, container);
	return r < 0 ? r : 1;
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
	if (r == 0)
		r = change(cli, container, EDIT_SET, &key, words[0], words[1], err);
	return r < 0 ? r : 0;
}

static int add(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	struct conf_key key;
	int r = conf_find(&spec_schema, words[0], &key, err);

	if (r == 0)
		r = try_value(words[0], "+=", words[1], err);
	if (r == 0)
		r = change(cli, container, EDIT_ADD, &key, words[0], words[1], err);
	return r < 0 ? r : 0;
}

/* What the schema does not know can only be a mistake in the file, to be taken out of it: a section, or a key by whichever
 * dot parts it from its section. */
static int unset_unknown(struct cli *cli, const char *container, const char *name, struct err *why)
{
	struct conf_key key = { .section_size = strlen(name) };
	struct err err = { 0 };
	int r = change(cli, container, EDIT_UNSET, &key, name, NULL, &err);

	for (const char *dot; r == 0 && (dot = memrchr(name, '.', key.section_size));) {
		key.name = dot + 1;
		key.section_size = (size_t)(dot - name);
		r = change(cli, container, EDIT_UNSET, &key, name, NULL, &err);
	}
	if (r < 0)
		*why = err;
	return r > 0 ? 0 : -why->code;
}

static int unset(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	struct conf_key key = { .section_size = strlen(words[0]) };
	int r = conf_is_section(&spec_schema, words[0]) ? 0 : conf_find(&spec_schema, words[0], &key, err);

	if (r < 0)
		return unset_unknown(cli, container, words[0], err);
	r = change(cli, container, EDIT_UNSET, &key, words[0], NULL, err);
	return r < 0 ? r : 0;
}

static const struct config_verb verbs[] = {
	{ "get", 1, true, true, config_get },   { "set", 2, true, false, set },
	{ "add", 2, true, false, add },         { "unset", 1, true, false, unset },
	{ "show", 0, true, true, config_show }, { "keys", 0, false, true, config_keys },
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
		if (cli->json && !verb->json)
			return cli_usage(cli, "'%s' prints nothing: --json goes with get, show and keys", name);
		if (verb->names && !container)
			return cli_usage(cli, "no container named");
		return verb->run(cli, container, cli->rest.v + 1, err);
	}
	return cli_usage(cli, "'%s' is not get, set, add, unset, show or keys", name);
}

const struct command cmd_config = {
	.name = "config",
	.args = "get KEY | set KEY VALUE | add KEY VALUE | unset KEY | show | keys",
	.help = "Read and change the configuration of a container.",
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.run = config,
};
