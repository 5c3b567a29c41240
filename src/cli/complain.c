/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A failure as the user reads it, and the log, and the container's log. */
#include "cli/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/report.h"
#include "store/last.h"

int complain_code(const struct cli *cli, int code)
{
	const struct command *cmd = cli->command;

	return cmd->flags & CMD_OURS_125 || (cmd->ours_125 && cli->data && cmd->ours_125(cli->data)) ? EXIT_OURS : code;
}

void complain(const struct command *cmd, const char *name, const struct err *err)
{
	struct err line = { 0 };

	err_set(&line, EIO, "mgr-%s: %s%s%s", cmd->name, name ? name : "", name ? ": " : "",
		err->code ? err->msg : "failed, without saying why");
	if ((err->code == EACCES || err->code == EPERM) && geteuid() != 0)
		err_set(&line, err->code, "%.450s: this needs root", line.msg);
	if (!report(err))
		fprintf(stderr, "%s\n", line.msg);
	log_error("%s", line.msg + strlen("mgr-") + strlen(cmd->name) + strlen(": ")); /* the log says who */
}

/* What failed, and why, is in the container's log too. */
static void tell_container(const struct cli *cli, const char *name, const struct err *err)
{
	autoclose int container = name && geteuid() == 0 ? store_container(&cli->store, name, NULL) : -1;
	autoclose int folder = container >= 0 ? store_log_folder(&cli->store, name, true, NULL) : -1;
	autoclose int fd = folder >= 0 ? store_log_open(folder, "log", NULL) : -1;
	char who[64];

	if (fd < 0 || str_print(who, sizeof who, "mgr-%s", cli->command->name) < 0)
		return;
	if (store_lock_peek(&cli->store, name, NULL) == STORE_IDLE) /* else its supervisor does it */
		file_rotate(fd, STORE_LOG_MAX);
	log_write(fd, LOG_ERROR, who, err->msg);
}

void cli_complain(const struct cli *cli, const char *name, const struct err *err)
{
	complain(cli->command, name, err);
	tell_container(cli, name, err);
}

bool cli_complain_loss(const struct cli *cli, const struct store *store, const char *name)
{
	autoclose int folder = store_container(store, name, NULL);
	struct err err = { 0 };
	struct last last;

	if (folder < 0 || (last_read(folder, &last, &err) == 0 && !last.lost[0]))
		return false;
	if (err.code)
		err_wrap(&err, "whether all that it had written was kept is not known: see mgr-log");
	else
		err_set(&err, EIO, "storage: %s", last.lost);
	complain(cli->command, name, &err); /* its own log has it */
	return true;
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
	char text[400];
	struct err err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(&err, EINVAL, "%s", text);
	complain(cli->command, NULL, &err);
	fprintf(stderr, "try 'mgr-%s -h'\n", cli->command->name);
	return complain_code(cli, EXIT_USAGE);
}

int cli_usage_verb(struct cli *cli, const char *name, const char *verbs)
{
	const char *word = cli->rest.n ? cli->rest.v[0] : NULL;

	if (!word)
		return cli_usage(cli, "one of %s is needed", verbs);
	if (!name && cli->rest.n > 1 && store_check_name(word, NULL) == 0)
		return cli_usage(cli, "'%s' is not one of %s; a container is named by -n %s", word, verbs, word);
	return cli_usage(cli, "'%s' is not one of %s", word, verbs);
}

bool cli_progress(void)
{
	return isatty(STDERR_FILENO) == 1;
}
