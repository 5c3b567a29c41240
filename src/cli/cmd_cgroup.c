/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cgroup/cgroup.h"
#include "cli/cli.h"
#include "life/state.h"

/* A file's lines, the last one ended too. */
static int show(const struct cgroup *cg, const char *key, struct err *err)
{
	autofree char *text = NULL;
	int r = cgroup_get(cg, key, &text, err);

	if (r < 0)
		return r;
	fputs(text, stdout);
	if (*text && !str_ends(text, "\n"))
		putchar('\n');
	return 0;
}

static int set(const struct cli *cli, const char *name, const struct cgroup *cg, struct err *err)
{
	const char *key = cli->rest.v[0], *value = cli->rest.v[1];
	autoclose int rundir = -1;
	int r = cgroup_set(cg, key, value, err);

	if (r < 0)
		return r;
	rundir = store_runtime(&cli->store, name, false, err);
	return rundir < 0 ? rundir : cgroup_keep(rundir, key, value, err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct strv *words = &cli->rest;
	enum wire_state state;
	struct cgroup cg;
	int r;

	if (words->n < 1 || words->n > 2)
		return cli_usage(cli, words->n ? "one PARAMETER and one VALUE at most" : "no PARAMETER given");
	r = cgroup_check_key(words->v[0], err);
	if (r >= 0)
		r = cgroup_host(&cg, err);
	if (r >= 0)
		r = life_state_on(&cg, &cli->store, name, &state, err);
	if (r >= 0 && state == WIRE_STOPPED)
		return err_set(err, ESRCH, "is not running");
	if (r >= 0)
		r = cgroup_find(&cg, &cli->store, name, err);
	if (r < 0)
		return r;
	return words->n == 1 ? show(&cg, words->v[0], err) : set(cli, name, &cg, err);
}

const struct command cmd_cgroup = {
	.name = "cgroup",
	.args = "PARAMETER [VALUE]",
	.help = "Show or set a file of a running container's cgroup.",
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_RUNNING | CMD_FROZEN,
	.run = run,
};
