/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/forward.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/edit.h"
#include "life/change.h"
#include "life/config.h"
#include "life/glance.h"
#include "net/forward.h"
#include "wire/wire.h"

#define SECTION "forward"
#define KEY     "port"

int life_forward(const struct store *store, const char *name, const char *spec, bool del, uint64_t deadline, struct err *err)
{
	struct wire_forward_change change = { .del = del };
	int r = net_forward_parse(spec, &change.forward, err);

	if (r < 0)
		return r;
	r = life_change(store, name, WIRE_FORWARD, &change, wire_forward_change_length(&change), NULL, 0, deadline, err);
	return r < 0 ? r : 0;
}

/* What stands in the way of one more in the configuration. 1: it is there already. */
static int look_for(const struct strv *have, const struct wire_forward *wanted, const char **ret_text, struct err *err)
{
	for (size_t i = 0; i < have->n; i++) {
		struct wire_forward one;
		if (net_forward_parse(have->v[i], &one, NULL) < 0)
			continue;
		*ret_text = have->v[i];
		if (net_forward_same(&one, wanted))
			return 1;
		if (net_forward_clash(&one, wanted))
			return err_set(err, EADDRINUSE, "its configuration has '%s', which wants the same port of the host",
				       have->v[i]);
	}
	return 0;
}

static int edit(const struct life_config *c, enum edit how, const char *value, struct str *ret, struct err *err)
{
	edit_text(c->text, how, SECTION, strlen(SECTION), KEY, value, ret);
	return life_config_write(c, ret, err) < 0 ? -err->code : 1;
}

/* 1: it has changed, from *ret_was to *ret_now; 0: it is done already. */
static int save(const struct store *store, const char *name, const char *spec, bool del, char **ret_was, struct str *ret_now,
		struct err *err)
{
	LIFE_CONFIG_INIT(c);
	autocall(strv_done) struct strv have = { 0 };
	autocall(str_done) struct str canonical = { 0 };
	struct wire_forward wanted;
	const char *text = NULL;
	int r = net_forward_parse(spec, &wanted, err);

	if (r >= 0)
		r = life_config_open(&c, store, name, err);
	if (r >= 0 && glance_in(c.text, SECTION, KEY, &have) < 0)
		r = err_nomem(err);
	if (r < 0)
		return r;
	r = look_for(&have, &wanted, &text, del ? NULL : err);
	if (del ? r <= 0 : r != 0)
		return del || r > 0 ? 0 : r;
	net_forward_print(&wanted, &canonical);
	if (canonical.failed)
		return err_nomem(err);
	r = edit(&c, del ? EDIT_DROP : EDIT_ADD, del ? text : str_text(&canonical), ret_now, err);
	*ret_was = steal_ptr(&c.text);
	return r;
}

int life_forward_save(const struct store *store, const char *name, const char *spec, bool del, bool runs, uint64_t deadline,
		      struct err *err)
{
	autofree char *was = NULL;
	autocall(str_done) struct str now = { 0 };
	int saved = save(store, name, spec, del, &was, &now, err);
	int r = saved < 0 || !runs ? saved : life_forward(store, name, spec, del, deadline, err);

	if (r == -ENOENT && del) { /* it was in the configuration alone */
		err_clear(err);
		return 0;
	}
	if (r < 0 && saved > 0 && life_config_take_back(store, name, was, str_text(&now), NULL) < 0)
		err_wrap(err, "its configuration has changed all the same");
	return r < 0 ? r : 0;
}
