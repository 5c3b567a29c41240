/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/copy.h"

static int set_user(void *data, const char *value, struct err *err)
{
	struct copy_data *d = data;

	(void)err;
	d->copy.user = value;
	return 0;
}

static int set_group(void *data, const char *value, struct err *err)
{
	struct copy_data *d = data;

	(void)err;
	d->copy.group = value;
	return 0;
}

static int set_mode(void *data, const char *value, struct err *err)
{
	struct copy_data *d = data;
	size_t n = strlen(value);
	unsigned mode = 0;

	if (n < 1 || n > 5 || strspn(value, "01234567") != n)
		return err_set(err, EINVAL, "'%s' is not a mode such as 644 or 0755", value);
	for (const char *p = value; *p; p++)
		mode = mode * 8 + (unsigned)(*p - '0');
	if (mode > 07777)
		return err_set(err, EINVAL, "'%s' is not a mode: 7777 is the greatest", value);
	d->copy.mode = mode;
	d->copy.has_mode = true;
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct copy_data *d = cli->data;
	int r = copy_words(cli);

	if (r != 0)
		return r;
	if (strv_has(&d->sources, "-"))
		d->copy.standard = STDIN_FILENO;
	return lib_push(&cli->store, name, &d->copy, err);
}

static const struct option_row opts[] = {
	{ 'u', "user", "USER", "What is made belongs to this user of the container (root).", .set = set_user },
	{ 'g', "group", "GROUP", "What is made belongs to this group instead of the user's own.", .set = set_group },
	{ 'm', "mode", "MODE", "Files get this mode, in octal, instead of their permissions here.", .set = set_mode },
	COPY_OPTIONS,
	{ 0 },
};

const struct command cmd_push = {
	.name = "push",
	.args = "SOURCE... TARGET",
	.help = "Copy files and folders into a container.",
	.opts = opts,
	.data_size = sizeof(struct copy_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_WORDS,
	.run = run,
	.done = copy_done,
};
