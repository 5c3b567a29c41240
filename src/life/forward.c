/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/forward.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "conf/edit.h"
#include "life/glance.h"
#include "life/state.h"
#include "net/forward.h"
#include "wire/wire.h"

#define SECTION    "forward"
#define KEY        "port"
#define CONFIG_MAX (1 << 20)

int life_forward(const struct store *store, const char *name, const char *spec, bool del, uint64_t deadline, struct err *err)
{
	struct wire_forward_change change = { .del = del };
	autoclose int turn = -1, sock = -1;
	int r = net_forward_parse(spec, &change.forward, err);

	if (r < 0)
		return r;
	turn = store_runtime(store, name, false, NULL); /* one at a time: the supervisor takes no second change meanwhile */
	if (turn >= 0 && flock(turn, LOCK_EX) < 0)
		return err_sys(err, errno, "wait for another mgr-forward");
	sock = life_connect(store, name, deadline, err);
	if (sock == -ENOTCONN)
		return err_set(err, ENOTCONN, "is not running: --save puts it into its configuration");
	if (sock < 0)
		return sock;
	r = wire_call(sock, WIRE_FORWARD, &change, wire_forward_change_length(&change), NULL, 0, deadline, err);
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

static int edit_config(int folder, enum edit how, const char *value, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autofree char *old = NULL;
	int r = file_read_at(folder, "config", CONFIG_MAX, &old, NULL, err);

	if (r < 0)
		return r;
	edit_text(old, how, SECTION, strlen(SECTION), KEY, value, &text);
	return text.failed ? err_nomem(err) : file_replace_at(folder, "config", str_text(&text), text.len, 0600, err);
}

/* Under the lock of whoever edits a configuration. */
int life_forward_save(const struct store *store, const char *name, const char *spec, bool del, struct err *err)
{
	autoclose int folder = store_container(store, name, err);
	autocall(strv_done) struct strv have = { 0 };
	autocall(str_done) struct str canonical = { 0 };
	struct wire_forward wanted;
	const char *text = NULL;
	int r = folder < 0 ? folder : net_forward_parse(spec, &wanted, err);

	if (r < 0)
		return r;
	if (flock(folder, LOCK_EX) < 0)
		return err_sys(err, errno, "lock the folder of '%s'", name);
	r = glance_at(folder, "config", SECTION, KEY, &have, err);
	if (r < 0)
		return r;
	r = look_for(&have, &wanted, &text, del ? NULL : err);
	if (del)
		return r > 0 ? edit_config(folder, EDIT_DROP, text, err) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	net_forward_print(&wanted, &canonical);
	return canonical.failed ? err_nomem(err) : edit_config(folder, EDIT_ADD, str_text(&canonical), err);
}
