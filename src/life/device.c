/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/edit.h"
#include "life/change.h"
#include "life/config.h"
#include "life/state.h"
#include "spec/device.h"

/* --- while it runs -------------------------------------------------------------------------------------------------- */

static int make_payload(const struct strv *words, struct str *ret, struct err *err)
{
	for (size_t i = 0; i < words->n; i++)
		str_addn(ret, words->v[i], strlen(words->v[i]) + 1);
	if (ret->failed)
		return err_nomem(err);
	if (ret->len > WIRE_DEVICE_MOST || words->n > WIRE_DEVICE_WORDS)
		return err_set(err, E2BIG, "what is to be added is described in %zu bytes, %d are allowed", ret->len,
			       WIRE_DEVICE_MOST);
	return 0;
}

static int change_live(const struct store *store, const char *name, const struct strv *words,
		       char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	autocall(str_done) struct str payload = { 0 };
	int r = make_payload(words, &payload, err);

	if (r >= 0)
		r = life_change(store, name, WIRE_DEVICE, payload.text, payload.len, ret, WIRE_DEVICE_TEXT - 1, deadline,
				err);
	ret[WIRE_DEVICE_TEXT - 1] = '\0';
	return r < 0 ? r : 0;
}

/* By its number. */
static int del_live(const struct store *store, const char *name, const struct strv *words, const char *what,
		    uint64_t deadline, struct err *err)
{
	autocall(strv_done) struct strv del = { 0 };
	char text[WIRE_DEVICE_TEXT];

	if (strv_add(&del, "del") < 0 || strv_add(&del, words->v[1]) < 0 || strv_add(&del, what) < 0)
		return err_nomem(err);
	return change_live(store, name, &del, text, deadline, err);
}

/* --- the configuration ---------------------------------------------------------------------------------------------- */

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
static int keep(const struct store *store, const char *name, const struct life_config *c, unsigned number,
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

/* number: that it has been given; -1: it is chosen here. */
static int save_add(const struct store *store, const char *name, const struct strv *pieces, int number,
		    char ret[static WIRE_DEVICE_TEXT], struct err *err)
{
	autocall(spec_done) struct spec spec;
	autocall(strv_done) struct strv sets = { 0 };
	autocall(str_done) struct str text = { 0 };
	LIFE_CONFIG_INIT(c);
	unsigned chosen = (unsigned)number;
	int r = life_config_open(&c, store, name, err);

	spec_init(&spec);
	if (r >= 0)
		r = spec_load(&spec, c.folder, "config", err);
	if (r >= 0 && number < 0)
		r = spec_nic_number(&spec, &spec, pieces, &chosen, err);
	else if (r >= 0 && spec_nic(&spec, chosen))
		r = err_set(err, EEXIST, "its configuration has got another net.%u meanwhile", chosen);
	if (r >= 0)
		r = spec_nic_add(&spec, pieces, chosen, &sets, err);
	if (r < 0)
		return r;
	str_print(ret, WIRE_DEVICE_TEXT, "net.%u", chosen);
	return keep(store, name, &c, chosen, &sets, &text, err);
}

/* --- both ----------------------------------------------------------------------------------------------------------- */

/* Once it is done live, the number is known. */
static int add(const struct store *store, const char *name, const struct life_device *change,
	       char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	int r = change_live(store, name, change->words, ret, deadline, err);
	char text[WIRE_DEVICE_TEXT];
	unsigned number;

	if (r < 0)
		return r;
	r = sscanf(ret, "net.%u", &number) == 1 ? 0 : err_set(err, EPROTO, "'%s' is no answer", ret);
	if (r >= 0)
		r = save_add(store, name, change->pieces, (int)number, text, err);
	if (r < 0)
		(void)del_live(store, name, change->words, ret, deadline, NULL);
	return r;
}

/* The one that is meant, of those in force or else of those that are configured. runs: there may be such in force. */
static int find(const struct store *store, const char *name, const struct life_config *c, const struct life_device *change,
		bool runs, struct spec *ret_configured, unsigned *ret, struct err *err)
{
	autoclose int run = runs ? store_runtime(store, name, false, NULL) : -1;
	autocall(spec_done) struct spec running;
	int r = spec_load(ret_configured, c->folder, "config", err);

	spec_init(&running);
	if (r >= 0 && run >= 0 && spec_load(&running, run, "spec", NULL) >= 0)
		r = spec_nic_find(&running, change->pieces, ret, err);
	else if (r >= 0)
		r = -ENOENT;
	if (r != -ENOENT)
		return r;
	err_clear(err);
	return spec_nic_find(ret_configured, change->pieces, ret, err);
}

/* What is freed while it runs is what neither has: so the configuration is first. ret_was, ret_now: its texts, if it has
 * changed. The number, or -errno. */
static int save_del(const struct store *store, const char *name, const struct life_device *change, bool runs, char **ret_was,
		    struct str *ret_now, struct err *err)
{
	autocall(spec_done) struct spec configured;
	const struct strv none = { 0 };
	LIFE_CONFIG_INIT(c);
	unsigned number = 0;
	int r = life_config_open(&c, store, name, err);

	spec_init(&configured);
	if (r >= 0)
		r = find(store, name, &c, change, runs, &configured, &number, err);
	if (r < 0)
		return r;
	if (spec_nic(&configured, number)) {
		r = keep(store, name, &c, number, &none, ret_now, err);
		*ret_was = steal_ptr(&c.text);
	}
	return r < 0 ? r : (int)number;
}

static int del(const struct store *store, const char *name, const struct life_device *change, bool runs,
	       char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	autofree char *was = NULL;
	autocall(str_done) struct str now = { 0 };
	int r = save_del(store, name, change, runs, &was, &now, err);

	if (r < 0)
		return r;
	str_print(ret, WIRE_DEVICE_TEXT, "net.%d", r);
	if (!runs)
		return 0;
	r = del_live(store, name, change->words, ret, deadline, err);
	if (r == -ENOENT) { /* it was in the configuration alone */
		err_clear(err);
		return 0;
	}
	if (r < 0 && was && life_config_take_back(store, name, was, str_text(&now), NULL) < 0)
		err_wrap(err, "%s is out of its configuration, but is still there", ret);
	return r;
}

int life_device(const struct store *store, const char *name, const struct life_device *change,
		char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	enum wire_state state;
	int r;

	if (!change->save)
		return change_live(store, name, change->words, ret, deadline, err);
	r = life_state(store, name, &state, err);
	if (r < 0)
		return r;
	if (change->del)
		return del(store, name, change, state != WIRE_STOPPED, ret, deadline, err);
	if (state == WIRE_STOPPED)
		return save_add(store, name, change->pieces, -1, ret, err);
	return add(store, name, change, ret, deadline, err);
}
