/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "life/change.h"
#include "life/config.h"
#include "life/device_kind.h"
#include "life/state.h"

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

/* called: its name, or "" when it is what was asked for. */
static int del_live(const struct store *store, const char *name, const struct strv *words, const char *called,
		    uint64_t deadline, struct err *err)
{
	autocall(strv_done) struct strv del = { 0 };
	char text[WIRE_DEVICE_TEXT];

	if (strv_add(&del, "del") < 0 || strv_add(&del, words->v[1]) < 0 ||
	    strv_add(&del, *called ? called : words->v[2]) < 0)
		return err_nomem(err);
	return change_live(store, name, &del, text, deadline, err);
}

/* --- and in the configuration ---------------------------------------------------------------------------------------- */

static const struct device_kind *find_kind(const char *name)
{
	static const struct device_kind *const kinds[] = { &device_nic, &device_bind };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

static int add(const struct store *store, const char *name, const struct device_kind *kind, const struct life_device *change,
	       char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	int r = change_live(store, name, change->words, ret, deadline, err);

	if (r < 0)
		return r;
	r = kind->keep(store, name, change, true, ret, err);
	if (r < 0)
		(void)del_live(store, name, change->words, ret, deadline, NULL);
	return r;
}

static int del(const struct store *store, const char *name, const struct device_kind *kind, const struct life_device *change,
	       bool runs, char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	struct device_kept kept = { 0 };
	int r = kind->drop(store, name, change, runs, &kept, ret, err);

	if (r >= 0 && runs)
		r = del_live(store, name, change->words, ret, deadline, err);
	else if (r < 0)
		runs = false;
	if (r == -ENOENT && runs && kept.was) { /* it was in the configuration alone */
		err_clear(err);
		r = 0;
	}
	if (r < 0 && runs && kept.was && life_config_take_back(store, name, kept.was, str_text(&kept.now), NULL) < 0)
		err_wrap(err, "it is out of its configuration, but is still there");
	free(kept.was);
	str_done(&kept.now);
	return r;
}

int life_device(const struct store *store, const char *name, const struct life_device *change,
		char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err)
{
	const struct device_kind *kind = find_kind(change->words->v[1]);
	enum wire_state state;
	int r;

	*ret = '\0';
	if (!change->save)
		return change_live(store, name, change->words, ret, deadline, err);
	r = kind ? life_state(store, name, &state, err)
		 : err_set(err, EINVAL, "'%s' is no kind of device", change->words->v[1]);
	if (r < 0)
		return r;
	if (change->del)
		return del(store, name, kind, change, state != WIRE_STOPPED, ret, deadline, err);
	if (state == WIRE_STOPPED)
		return kind->keep(store, name, change, false, ret, err);
	return add(store, name, kind, change, ret, deadline, err);
}
