/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/device_list.h"
#include "life/device.h"
#include "life/state.h"
#include "spec/device.h"

#define DEVICE_WAIT (180 * CLOCK_SECOND) /* scripts have their own time */

struct device_data {
	bool save;
};

static const char *const kinds[] = { "nic" };

/* Once it is done live, the number is known; when it cannot be kept, it is not left there either. */
static int save_done(struct cli *cli, const char *name, int folder, bool del, const struct strv *pieces, const char *what,
		     struct err *err)
{
	autocall(strv_done) struct strv words = { 0 };
	char text[WIRE_DEVICE_TEXT];
	unsigned number;
	int r = sscanf(what, "net.%u", &number) == 1 ? 0 : err_set(err, EPROTO, "'%s' is no answer", what);

	if (r >= 0)
		r = life_device_save(&cli->store, name, folder, del, pieces, (int)number, text, err);
	if (r >= 0 || del)
		return r;
	if (strv_add(&words, "del") == 0 && strv_add(&words, cli->rest.v[1]) == 0 && strv_add(&words, what) == 0)
		(void)life_device(&cli->store, name, &words, text, clock_in(DEVICE_WAIT), NULL);
	return r;
}

static int lock_folder(const struct cli *cli, const char *name, struct err *err)
{
	autoclose int folder = store_container(&cli->store, name, err);

	if (folder < 0)
		return folder;
	if (flock(folder, LOCK_EX) < 0)
		return err_sys(err, errno, "lock the folder of '%s'", name);
	return steal_fd(&folder);
}

static int change(struct cli *cli, const char *name, bool del, char what[static WIRE_DEVICE_TEXT], struct err *err)
{
	const struct device_data *d = cli->data;
	autocall(strv_done) struct strv pieces = { 0 };
	autoclose int folder = -1;
	enum wire_state state;
	int r = spec_pieces(cli->rest.v + 2, &pieces, err);

	if (r >= 0 && d->save)
		r = folder = lock_folder(cli, name, err);
	if (r >= 0)
		r = life_state(&cli->store, name, &state, err);
	if (r < 0)
		return r;
	if (d->save && state == WIRE_STOPPED)
		return life_device_save(&cli->store, name, folder, del, &pieces, -1, what, err);
	r = life_device(&cli->store, name, &cli->rest, what, clock_in(DEVICE_WAIT), err);
	if (r == -ENOENT && del && d->save) { /* it may be in the configuration alone */
		err_clear(err);
		return life_device_save(&cli->store, name, folder, del, &pieces, -1, what, err);
	}
	return r < 0 || !d->save ? r : save_done(cli, name, folder, del, &pieces, what, err);
}

static int run_change(struct cli *cli, const char *name, bool del, struct err *err)
{
	const char *verb = cli->rest.v[0], *kind = cli->rest.n > 1 ? cli->rest.v[1] : NULL;
	char what[WIRE_DEVICE_TEXT] = "";
	int r;

	if (!kind)
		return cli_usage(cli, "'%s' takes the kind of device, nic, and what it is, such as link=br0", verb);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!str_eq(kind, kinds[i]))
			return cli_usage(cli, "'%s' is no kind of device: nic is one", kind);
	if (del && cli->rest.n == 2)
		return cli_usage(cli, "'del nic' takes the one that is to go, such as net.1 or eth1");
	if (cli->json)
		return cli_usage(cli, "--json goes with ls");
	r = change(cli, name, del, what, err);
	if (r >= 0 && !del)
		puts(what);
	return r < 0 ? r : 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct device_data *d = cli->data;
	const char *verb = cli->rest.n ? cli->rest.v[0] : "";
	const bool del = str_eq(verb, "del");

	if (!del && !str_eq(verb, "add") && !str_eq(verb, "ls"))
		return cli_usage_verb(cli, name, "add, del and ls");
	if (!name)
		return cli_usage(cli, "no container named: -n NAME");
	if (!str_eq(verb, "ls"))
		return run_change(cli, name, del, err);
	if (cli->rest.n != 1)
		return cli_usage(cli, "'ls' takes no argument");
	return d->save ? cli_usage(cli, "--save goes with add and del") : device_list(cli, name, err);
}

static const struct option_row opts[] = {
	{ 0, "save", NULL, "Keep the change in the container's configuration too.",
	  .flag = offsetof(struct device_data, save) },
	{ 0 },
};

const struct command cmd_device = {
	.name = "device",
	.args = "add KIND [DEVICE] | del KIND DEVICE | ls",
	.help = "Give a running container a device, take one away, or list them.",
	.opts = opts,
	.data_size = sizeof(struct device_data),
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.run = run,
};
