/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-config check: all that is wrong with a configuration, a line each. */
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/config_live.h"
#include "cli/config_show.h"
#include "security/security.h"
#include "spec/spec.h"

struct check {
	const struct cli *cli;
	const char *container;
	bool wrong;
};

static void tell(const struct err *why, void *data)
{
	struct check *c = data;

	cli_complain(c->cli, c->container, why);
	c->wrong = true;
}

/* file: NULL for a container's, which is named anyway. */
static void tell_of(const char *file, struct err *why, struct check *c)
{
	if (file)
		err_wrap(why, "%s", file);
	tell(why, c);
}

/* What no single line can tell. One for mgr-create lacks its root yet. */
static void check_whole(struct check *c, struct spec *spec)
{
	const struct config_data *d = c->cli->data;
	struct err err = { 0 };

	if (!c->container && !spec->rootfs.path && spec_set(spec, "rootfs.path=dir:/", &err) < 0)
		tell(&err, c);
	else if (spec_check(spec, &err) < 0 ||
		 (c->container && config_check_network(&c->cli->store, c->container, spec, &err) < 0))
		tell_of(d->file, &err, c);
	err_clear(&err);
	if (security_profile_check(&spec->apparmor, &err) < 0)
		tell(&err, c);
}

int config_check(struct cli *cli, const char *container, char *const words[], struct err *err)
{
	const struct config_data *d = cli->data;
	struct check c = { .cli = cli, .container = container };
	autofree char *path = NULL, *text = NULL;
	autocall(spec_done) struct spec spec;
	size_t len;

	(void)words;
	spec_init(&spec);
	if (!container == !d->file)
		return cli_usage(cli, "check takes -n NAME or -f FILE");
	path = container ? str_fmt("%s/%s/config", cli->store.containers, container) : str_fmt("%s", d->file);
	if (!path || spec.no_memory)
		return err_nomem(err);
	if (file_read_at(AT_FDCWD, path, CONF_FILE_MAX, &text, &len, err) < 0 ||
	    conf_check_text(&spec_schema, &spec, path, text, len, tell, &c, err) < 0)
		return -err->code;
	if (!c.wrong)
		check_whole(&c, &spec);
	return c.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
