/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [net.N] of a configuration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/edit.h"
#include "life/config.h"
#include "life/device_kind.h"
#include "spec/device.h"

/* Lines of what it says by itself; what an include brings is not in its text. */
static void edit(const char *old, const char *section, const struct strv *sets, struct str *ret)
{
	edit_text(old, EDIT_UNSET, section, strlen(section), NULL, NULL, ret);
	for (size_t i = 0; i < sets->n; i++) {
		const char *key = sets->v[i] + strlen(section) + 1, *value = strchr(key, '=') + 1;
		autofree char *alone = strndup(key, strcspn(key, "+="));
		autocall(str_done) struct str before = *ret;
		*ret = (struct str){ 0 };
		if (alone)
			edit_text(str_text(&before), EDIT_ADD, section, strlen(section), alone, value, ret);
		ret->failed |= before.failed || !alone;
	}
}

/* What a stopped one gives up is free again: whoever starts it from now on reads the new text. */
static int give_back(const struct store *store, const char *name, const struct spec *now, struct err *err)
{
	if (store_lock_peek(store, name, NULL) != STORE_IDLE || !now->container.uuid)
		return 0;
	return net_unclaim((const struct net_conf *[]){ &now->net }, 1, store, now->container.uuid, err);
}

/* sets: what is to be in [net.number], or none. ret: the new text. */
static int put(const struct store *store, const char *name, const struct life_config *c, unsigned number,
	       const struct strv *sets, struct str *ret, struct err *err)
{
	autocall(spec_done) struct spec spec;
	char section[16];
	int r;

	spec_init(&spec);
	str_print(section, sizeof section, "net.%u", number);
	edit(c->text, section, sets, ret);
	r = life_config_check(store, name, ret, &spec, err);
	if (r == 0 && spec.container.uuid)
		r = net_reserve(&spec.net, store, name, spec.container.uuid, err);
	if (r >= 0)
		r = life_config_write(c, ret, err);
	return r < 0 || sets->n ? r : give_back(store, name, &spec, err);
}

static int nic_keep(const struct store *store, const char *name, const struct life_device *change, bool live,
		    char ret[static WIRE_DEVICE_TEXT], struct err *err)
{
	autocall(spec_done) struct spec spec;
	autocall(strv_done) struct strv sets = { 0 }, pieces = { 0 };
	autocall(str_done) struct str text = { 0 };
	LIFE_CONFIG_INIT(c);
	unsigned number = 0;
	int r = 0;

	spec_init(&spec);
	if (live && sscanf(ret, "net.%u", &number) != 1)
		return err_set(err, EPROTO, "'%s' is no answer", ret);
	r = spec_pieces(change->words->v + 2, &pieces, err);
	if (r >= 0)
		r = life_config_open(&c, store, name, err);
	if (r >= 0)
		r = spec_load(&spec, c.folder, "config", err);
	if (r >= 0 && !live)
		r = spec_nic_number(&spec, &spec, &pieces, &number, err);
	else if (r >= 0 && spec_nic(&spec, number))
		r = err_set(err, EEXIST, "its configuration has got another net.%u meanwhile", number);
	if (r >= 0)
		r = spec_nic_add(&spec, &pieces, number, &sets, err);
	if (r < 0)
		return r;
	str_print(ret, WIRE_DEVICE_TEXT, "net.%u", number);
	return put(store, name, &c, number, &sets, &text, err);
}

/* The one that is meant, of those in force or else of those that are configured. runs: there may be such in force. */
static int find(const struct store *store, const char *name, const struct life_config *c, const struct strv *pieces,
		bool runs, struct spec *ret_configured, unsigned *ret, struct err *err)
{
	autoclose int run = runs ? store_runtime(store, name, false, NULL) : -1;
	autocall(spec_done) struct spec running;
	int r = spec_load(ret_configured, c->folder, "config", err);

	spec_init(&running);
	if (r >= 0 && run >= 0 && spec_load(&running, run, "spec", NULL) >= 0)
		r = spec_nic_find(&running, pieces, ret, err);
	else if (r >= 0)
		r = -ENOENT;
	if (r != -ENOENT)
		return r;
	err_clear(err);
	return spec_nic_find(ret_configured, pieces, ret, err);
}

/* What is freed while it runs is what neither has: so the configuration is first. */
static int nic_drop(const struct store *store, const char *name, const struct life_device *change, bool runs,
		    struct device_kept *ret_kept, char ret[static WIRE_DEVICE_TEXT], struct err *err)
{
	autocall(spec_done) struct spec configured;
	autocall(strv_done) struct strv pieces = { 0 };
	const struct strv none = { 0 };
	LIFE_CONFIG_INIT(c);
	unsigned number = 0;
	int r = spec_pieces(change->words->v + 2, &pieces, err);

	spec_init(&configured);
	if (r >= 0)
		r = life_config_open(&c, store, name, err);
	if (r >= 0)
		r = find(store, name, &c, &pieces, runs, &configured, &number, err);
	if (r < 0)
		return r;
	str_print(ret, WIRE_DEVICE_TEXT, "net.%u", number);
	if (!spec_nic(&configured, number))
		return 0;
	r = put(store, name, &c, number, &none, &ret_kept->now, err);
	ret_kept->was = steal_ptr(&c.text);
	return r < 0 ? r : 0;
}

const struct device_kind device_nic = { "nic", nic_keep, nic_drop };
