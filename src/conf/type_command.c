/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key types of programs with arguments: the text as it was written, in words (strv_add_words) when it is run.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "conf/conf.h"

static int check_command(const char *text, struct err *err)
{
	autocall(strv_done) struct strv words = { 0 };
	int r = strv_add_words(&words, text);

	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return err_set(err, EINVAL, "'%s': a quote is not closed", text);
	if (words.v[0][0] != '/')
		return err_set(err, EINVAL, "'%s' is not the absolute path of a program", words.v[0]);
	return 0;
}

static int parse_command(const struct key *key, void *field, const char *text, struct err *err)
{
	int r = check_command(text, err);

	return r < 0 ? r : key_string.parse(key, field, text, err);
}

const struct key_type key_command = { "command", sizeof(char *), parse_command, key_print_string, key_clear_string };

static int parse_commands(const struct key *key, void *field, const char *text, struct err *err)
{
	int r = check_command(text, err);

	return r < 0 ? r : key_strings.parse(key, field, text, err);
}

const struct key_type key_commands = { "command", sizeof(struct strv), parse_commands, key_print_strv, key_clear_strv };
