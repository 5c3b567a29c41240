/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-create -i: what the command line does not say is asked for. */
#include "cli/create_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/ask.h"
#include "template/template.h"

/* The same question again, until check likes the answer. */
static int ask_until(const char *question, const char *usual,
		     int (*check)(const char *path, const char *answer, struct err *err), const char *path, char **ret,
		     struct err *err)
{
	for (;;) {
		struct err wrong = { 0 };
		int r = ask_line(question, usual, ret, err);
		if (r < 0 || check(path, *ret, &wrong) >= 0)
			return r;
		fprintf(stderr, "%s\n", wrong.msg);
		free(steal_ptr(ret));
	}
}

static int check_template(const char *path, const char *name, struct err *err)
{
	autofree char *program = NULL;

	(void)path;
	return template_find(name, &program, err);
}

static bool is_given(const struct strv *args, const char *option)
{
	size_t n = strlen(option);

	for (size_t i = 0; i < args->n; i++)
		if (strncmp(args->v[i], option, n) == 0 && (!args->v[i][n] || args->v[i][n] == '='))
			return true;
	return false;
}

/* "--suite TAB question TAB usual answer"; the usual one is not passed on, the template knows it. */
static int ask_option(char *line, struct strv *args, struct err *err)
{
	char *save = NULL, *option = strtok_r(line, "\t", &save), *question = strtok_r(NULL, "\t", &save);
	const char *usual = strtok_r(NULL, "\t", &save);
	autofree char *answer = NULL;
	int r;

	if (!question || is_given(args, option))
		return 0;
	r = ask_line(question, usual, &answer, err);
	if (r < 0 || !*answer || str_eq(answer, usual))
		return r;
	return strv_add(args, option) < 0 || strv_add(args, answer) < 0 ? err_nomem(err) : 0;
}

int create_check_name(const char *path, const char *name, struct err *err)
{
	autocall(store_done) struct store store = { 0 };
	int r = store_check_new_name(name, err);

	if (r == 0)
		r = store_open(&store, path, err);
	if (r < 0)
		return r;
	autoclose int folder = store_container(&store, name, NULL);
	return folder >= 0 ? err_set(err, EEXIST, "'%s' exists already", name) : 0;
}

int create_ask_name(const char *path, struct strv *names, struct err *err)
{
	char *name = NULL;
	int r = ask_until("Name of the container", NULL, create_check_name, path, &name, err);

	return r < 0 ? r : strv_take(names, name) < 0 ? err_nomem(err) : 0;
}

int create_ask_template(char **ret, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	autocall(str_done) struct str question = { 0 };
	int r = template_list(&names, err);

	for (size_t i = 0; i < names.n; i++)
		str_addf(&question, "%s%s", i ? ", " : "Template (", names.v[i]);
	str_add(&question, names.n ? ")" : "Template");
	if (r == 0 && question.failed)
		r = err_nomem(err);
	return r < 0 ? r
		     : ask_until(str_text(&question), strv_has(&names, "debian") ? "debian" : NULL, check_template, NULL,
				 ret, err);
}

int create_ask_options(const char *template, struct strv *args, struct err *err)
{
	autocall(strv_done) struct strv lines = { 0 };
	int r = template_questions(template, &lines, err);

	for (size_t i = 0; r == 0 && i < lines.n; i++)
		r = ask_option(lines.v[i], args, err);
	return r;
}
