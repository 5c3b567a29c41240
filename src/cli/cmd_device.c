/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/device_list.h"
#include "life/config.h"
#include "life/device.h"

#define DEVICE_WAIT (180 * CLOCK_SECOND) /* scripts have their own time */

static const struct kind {
	const char *name, *what, *which; /* to be added; to be taken away */
} kinds[] = {
	{ "nic", NULL, "'del nic' takes the one that is to go, such as net.1 or eth1" },
	{ "bind", "'add bind' takes HOST:CTR[:OPTION,...], such as /srv/data:/data:ro",
	  "'del bind' takes the place inside, such as /data" },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static int do_change(struct cli *cli, const char *name, bool del, char what[static WIRE_DEVICE_TEXT], struct err *err)
{
	const struct change_data *d = cli->data;
	const struct life_device wanted = { .del = del, .save = d->save, .words = &cli->rest };

	return life_device(&cli->store, name, &wanted, what, clock_in(DEVICE_WAIT), err);
}

static int change(struct cli *cli, const char *name, bool del, struct err *err)
{
	const char *verb = cli->rest.v[0], *name_of = cli->rest.n > 1 ? cli->rest.v[1] : NULL;
	const struct kind *kind = name_of ? find_kind(name_of) : NULL;
	const struct change_data *d = cli->data;
	char what[WIRE_DEVICE_TEXT] = "";
	int r;

	if (!name_of)
		return cli_usage(cli, "'%s' takes the kind of device, nic or bind, and what it is, such as link=br0", verb);
	if (!kind)
		return cli_usage(cli, "'%s' is no kind of device: nic and bind are", name_of);
	if (cli->rest.n == 2 && (del ? kind->which : kind->what))
		return cli_usage(cli, "%s", del ? kind->which : kind->what);
	if (cli->rest.n > 3 && kind->what)
		return cli_usage(cli, "one at a time: %s", del ? kind->which : kind->what);
	r = do_change(cli, name, del, what, err);
	if (r < 0)
		return r;
	if (!del && *what)
		puts(what);
	if (!del && d->save && kind == &kinds[0] && life_shares_mac(&cli->store, name, err) > 0)
		cli_complain(cli, name, err);
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	return change_run(cli, name, change, device_list, err);
}

const struct command cmd_device = {
	.name = "device",
	.args = "add KIND [DEVICE] | del KIND DEVICE | ls",
	.help = "Give a running container a device, take one away, or list them.",
	.opts = change_opts,
	.data_size = sizeof(struct change_data),
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.run = run,
};
