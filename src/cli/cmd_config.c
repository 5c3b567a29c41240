/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/await.h"
#include "cli/cli.h"
#include "cli/config_live.h"
#include "cli/config_show.h"
#include "life/config.h"
#include "life/passing.h"
#include "life/root.h"
#include "spec/spec.h"
#include "store/claim.h"

/* The words behind the options, once the verb is known. */
struct config_verb {
	const char *name;
	size_t words; /* that follow it; of a `many` so many each time */
	bool names;   /* needs -n */
	bool json;    /* takes --json */
	bool many;
	int (*run)(struct cli *cli, const char *container, char *const words[], struct err *err);
};

static bool concerns(const struct config_change *changes, size_t n, const char *section)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(changes[i].name, section))
			return true;
	return false;
}

/* Returns whether something of it holds only later. */
static int keep(const struct cli *cli, const char *container, const struct life_config *config, const struct str *text,
		const struct config_change *changes, size_t n, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r, later;

	spec_init(&spec);
	r = life_config_check(&cli->store, container, text, &spec, err);
	if (r < 0)
		return r;
	if (concerns(changes, n, "mount") && spec_check_sources(&spec, &cli->store, err) < 0)
		return -err->code;
	if (concerns(changes, n, "rootfs.path") && life_check_root(&spec, &cli->store, container, err) < 0)
		return -err->code;
	later = config_live(&cli->store, container, changes, n, &spec, err);
	if (later < 0)
		return later;
	r = life_config_write(config, text, err);
	return r < 0 ? r : later;
}

static int edit(char *old, const struct config_change *changes, size_t n, struct str *ret, struct err *err)
{
	bool changed = false;

	if (str_add(ret, old), ret->failed)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct config_change *c = &changes[i];
		autocall(str_done) struct str before = *ret;
		*ret = (struct str){ 0 };
		changed |= edit_text(str_text(&before), c->how, c->name, c->key.section_size, c->key.name, c->value, ret);
	}
	return changed;
}

/* Keys (or sections) changed in the container's config, all or none; 1, or 0 when nothing had to be. */
static int change(struct cli *cli, const char *container, const struct config_change *changes, size_t n, struct err *err)
{
	LIFE_CONFIG_INIT(config);
	autocall(str_done) struct str text = { 0 };
	int r;

	passing_sweep(&cli->store);
	store_sweep(&cli->store, NULL);
	r = life_config_open(&config, &cli->store, container, err);
	if (r == 0)
		r = edit(config.text, changes, n, &text, err);
	if (r <= 0)
		return r;
	r = keep(cli, container, &config, &text, changes, n, err);
	if (r >= 0 && await_again(cli, container, concerns(changes, n, "forward"), err) < 0)
		return err_wrap(err, "it is kept, but cannot wait for a connection");
	if (r >= 0 && concerns(changes, n, "net.") && life_shares_mac(&cli->store, container, err) > 0)
		cli_complain(cli, container, err);
	if (r > 0 && cli_progress())
		fprintf(stderr, "mgr-config: %s: it is running: this holds from its next start or reboot\n", container);
	return r < 0 ? r : 1;
}

/* The value alone is looked at first: its error is then about what was typed, not about a line of the file. An include is
 * relative to that file. */
static int prepare(struct config_change *c, const char *op, struct err *err)
{
	autofree char *assignment = str_fmt("%s%s%s", c->name, op, c->value);
	autocall(spec_done) struct spec spec;
	int r = conf_find(&spec_schema, c->name, &c->key, err);

	spec_init(&spec);
	if (r < 0 || c->key.key->flags & KEY_INCLUDE)
		return r;
	return assignment ? spec_set(&spec, assignment, err) : err_nomem(err);
}

static int set_pairs(struct cli *cli, const char *container, char *const words[], enum edit how, struct err *err)
{
	const size_t n = (cli->rest.n - 1) / 2;
	autofree struct config_change *changes = calloc(n, sizeof *changes);
	int r = changes ? 0 : err_nomem(err);

	for (size_t i = 0; i < n && r == 0; i++) {
		changes[i] = (struct config_change){ .how = how, .name = words[2 * i], .value = words[2 * i + 1] };
		r = prepare(&changes[i], how == EDIT_ADD ? "+=" : "=", err);
		if (r == 0 && how == EDIT_ADD && conf_repeats(&changes[i].key))
			changes[i].how = EDIT_LAST;
	}
	if (r == 0)
		r = change(cli, container, changes, n, err);
	return r < 0 ? r : 0;
}

static int set(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	return set_pairs(cli, container, words, EDIT_SET, err);
}

static int add(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	return set_pairs(cli, container, words, EDIT_ADD, err);
}

/* What the schema does not know can only be a mistake in the file, to be taken out of it: a section, or a key by whichever
 * dot parts it from its section. */
static int unset_unknown(struct cli *cli, const char *container, const char *name, struct err *why)
{
	struct config_change c = { .how = EDIT_UNSET, .name = name, .key.section_size = strlen(name) };
	struct err err = { 0 };
	int r = change(cli, container, &c, 1, &err);

	for (const char *dot; r == 0 && (dot = memrchr(name, '.', c.key.section_size));) {
		c.key.name = dot + 1;
		c.key.section_size = (size_t)(dot - name);
		r = change(cli, container, &c, 1, &err);
	}
	if (r < 0)
		*why = err;
	return r > 0 ? 0 : -why->code;
}

static int unset(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	struct config_change c = { .how = EDIT_UNSET, .name = words[0], .key.section_size = strlen(words[0]) };
	int r = conf_is_section(&spec_schema, words[0]) ? 0 : conf_find(&spec_schema, words[0], &c.key, err);

	if (r < 0)
		return unset_unknown(cli, container, words[0], err);
	r = change(cli, container, &c, 1, err);
	return r < 0 ? r : 0;
}

static const struct config_verb verbs[] = {
	{ "get", 1, true, true, false, config_get },    { "set", 2, true, false, true, set },
	{ "add", 2, true, false, true, add },           { "unset", 1, true, false, false, unset },
	{ "show", 0, true, true, false, config_show },  { "check", 0, false, false, false, config_check },
	{ "keys", 0, false, true, false, config_keys },
};

static int config(struct cli *cli, const char *container, struct err *err)
{
	const struct config_data *d = cli->data;
	const char *name = cli->rest.n ? cli->rest.v[0] : NULL;

	for (size_t i = 0; name && i < ARRAY_SIZE(verbs); i++) {
		const struct config_verb *verb = &verbs[i];
		if (!str_eq(verb->name, name))
			continue;
		if (verb->many && (cli->rest.n < 3 || cli->rest.n % 2 == 0))
			return cli_usage(cli, "'%s' takes KEY VALUE, or several such pairs", name);
		if (!verb->many && cli->rest.n - 1 != verb->words)
			return cli_usage(cli, "'%s' takes %zu argument%s, not %zu", name, verb->words,
					 verb->words == 1 ? "" : "s", cli->rest.n - 1);
		if (cli->json && !verb->json)
			return cli_usage(cli, "'%s' prints nothing: --json goes with get, show and keys", name);
		if (d->running && (!verb->json || !verb->names))
			return cli_usage(cli, "--running goes with get and show");
		if (d->file && verb->run != config_check)
			return cli_usage(cli, "--file goes with check");
		if (verb->names && !container)
			return cli_usage(cli, "no container named: -n NAME");
		return verb->run(cli, container, cli->rest.v + 1, err);
	}
	return cli_usage_verb(cli, container, "get, set, add, unset, show, check and keys");
}

static int set_file(void *data, const char *value, struct err *err)
{
	struct config_data *d = data;

	(void)err;
	d->file = value;
	return 0;
}

static const struct option_row opts[] = {
	{ 0, "running", NULL, "With get and show: what it was started with, while it runs.",
	  .flag = offsetof(struct config_data, running) },
	{ 'f', "file", "FILE", "With check: this file, as for mgr-create, instead of a container's.", .set = set_file },
	{ 0 },
};

const struct command cmd_config = {
	.name = "config",
	.args = "get KEY | set KEY VALUE... | add KEY VALUE... | unset KEY | show | check | keys",
	.help = "Read and change the configuration of a container.",
	.opts = opts,
	.data_size = sizeof(struct config_data),
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.run = config,
};
