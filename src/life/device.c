/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "conf/edit.h"
#include "life/state.h"
#include "spec/device.h"
#include "wire/wire.h"

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

int life_device(const struct store *store, const char *name, const struct strv *words, char ret[static WIRE_DEVICE_TEXT],
		uint64_t deadline, struct err *err)
{
	autocall(str_done) struct str payload = { 0 };
	autoclose int turn = -1, sock = -1;
	int r = make_payload(words, &payload, err);

	if (r < 0)
		return r;
	turn = store_runtime(store, name, false, NULL); /* one at a time: the supervisor takes no second change meanwhile */
	if (turn >= 0 && flock(turn, LOCK_EX) < 0)
		return err_sys(err, errno, "wait for another mgr-device");
	sock = life_connect(store, name, deadline, err);
	if (sock == -ENOTCONN)
		return err_set(err, ENOTCONN, "is not running: --save puts it into its configuration");
	if (sock < 0)
		return sock;
	r = wire_call(sock, WIRE_DEVICE, payload.text, payload.len, ret, WIRE_DEVICE_TEXT - 1, deadline, err);
	ret[WIRE_DEVICE_TEXT - 1] = '\0';
	return r < 0 ? r : 0;
}

/* --- the configuration ---------------------------------------------------------------------------------------------- */

/* Lines of what it says by itself; what an include brings is not in its text. */
static int edit_config(const char *old, const char *section, const struct strv *sets, struct str *ret)
{
	edit_text(old, EDIT_UNSET, section, strlen(section), NULL, NULL, ret);
	for (size_t i = 0; sets && i < sets->n; i++) {
		const char *key = sets->v[i] + strlen(section) + 1, *value = strchr(key, '=') + 1;
		autofree char *alone = strndup(key, strcspn(key, "+="));
		autocall(str_done) struct str before = *ret;
		*ret = (struct str){ 0 };
		if (!alone)
			return -ENOMEM;
		edit_text(str_text(&before), EDIT_ADD, section, strlen(section), alone, value, ret);
		ret->failed |= before.failed;
	}
	return ret->failed ? -ENOMEM : 0;
}

/* The new text takes the file's place when all of it is valid. */
static int keep(const struct store *store, const char *name, int folder, const struct str *text, struct err *err)
{
	autocall(spec_done) struct spec spec;
	autofree char *path = str_fmt("%s/%s/config", store->containers, name);
	int r;

	spec_init(&spec);
	if (!path)
		return err_nomem(err);
	r = conf_load_text(&spec_schema, &spec, path, str_text(text), text->len, err);
	if (r == 0)
		r = spec_check(&spec, err);
	if (r == 0 && spec.container.uuid)
		r = net_reserve(&spec.net, store, name, spec.container.uuid, err);
	if (r == 0 && spec.container.uuid)
		r = net_claim(&spec.net, store, name, spec.container.uuid, err);
	return r < 0 ? r : file_replace_at(folder, "config", text->text, text->len, 0600, err);
}

static int choose(struct spec *spec, bool del, const struct strv *pieces, int number, unsigned *ret, struct strv *sets,
		  struct err *err)
{
	int r = 0;

	*ret = (unsigned)number;
	if (number < 0)
		r = del ? spec_nic_find(spec, pieces, ret, err) : spec_nic_number(spec, spec, pieces, ret, err);
	return r < 0 || del ? r : spec_nic_add(spec, pieces, *ret, sets, err);
}

int life_device_save(const struct store *store, const char *name, int folder, bool del, const struct strv *pieces,
		     int number, char ret[static WIRE_DEVICE_TEXT], struct err *err)
{
	autocall(spec_done) struct spec spec;
	autocall(strv_done) struct strv sets = { 0 };
	autocall(str_done) struct str text = { 0 };
	autofree char *old = NULL;
	unsigned chosen;
	int r;

	spec_init(&spec);
	r = spec_load(&spec, folder, "config", err);
	if (r >= 0)
		r = choose(&spec, del, pieces, number, &chosen, &sets, err);
	if (r >= 0)
		r = file_read_at(folder, "config", CONF_FILE_MAX, &old, NULL, err);
	if (r < 0)
		return r;
	str_print(ret, WIRE_DEVICE_TEXT, "net.%u", chosen);
	if (edit_config(old, ret, del ? NULL : &sets, &text) < 0)
		return err_nomem(err);
	return keep(store, name, folder, &text, err);
}
