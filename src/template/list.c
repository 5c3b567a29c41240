/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What templates there are, where, and what each would like to know. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "template/internal.h"

#define QUESTIONS_MAX 4096 /* bytes */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int template_list(struct strv *ret, struct err *err)
{
	autoclosedir DIR *dir = opendir(MGR_DATADIR "/templates");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strv_add(ret, entry->d_name) < 0)
			return err_nomem(err);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, compare);
	return 0;
}

/* "there is none of that name, there are busybox, debian" */
static int not_found(const char *name, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	autocall(str_done) struct str all = { 0 };

	if (template_list(&names, err) < 0)
		return -err->code;
	for (size_t i = 0; i < names.n; i++)
		str_addf(&all, "%s%s", i ? ", " : "", names.v[i]);
	return err_set(err, ENOENT, "template '%s': there is none of that name; there are %s, or the path of a program",
		       name, names.n ? str_text(&all) : "none");
}

int template_find(const char *name, char **ret, struct err *err)
{
	autofree char *path = NULL;
	struct stat st;

	if (!*name || (name[0] != '/' && (strchr(name, '/') || name[0] == '.')))
		return err_set(err, EINVAL, "template '%s': neither a template's name nor an absolute path", name);
	path = name[0] == '/' ? strdup(name) : str_fmt("%s/templates/%s", MGR_DATADIR, name);
	if (!path)
		return err_nomem(err);
	if (stat(path, &st) < 0 && errno == ENOENT && name[0] != '/')
		return not_found(name, err);
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "template '%s': find '%s'", name, path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, EACCES, "template '%s': '%s' is not a program", name, path);
	*ret = steal_ptr(&path);
	return 0;
}

/* What it prints, allocated; "" when it fails. args: NULL: none. */
static int run_for_text(const char *program, const char *option, const struct strv *args, char **ret, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	int r = strv_add(&argv, program) | strv_add(&argv, option);

	for (size_t i = 0; args && i < args->n; i++)
		r |= strv_add(&argv, args->v[i]);
	if (r < 0)
		return err_nomem(err);
	r = proc_run_job(&(struct proc_job){ .argv = (const char *const *)argv.v, .out = ret, .out_max = QUESTIONS_MAX },
			 err);
	if (r != -ECANCELED)
		return r;
	err_clear(err);
	*ret = strdup("");
	return *ret ? 0 : err_nomem(err);
}

int template_questions(const char *name, struct strv *ret, struct err *err)
{
	autofree char *program = NULL, *text = NULL;
	char *save = NULL;
	int r = template_find(name, &program, err);

	if (r < 0 || name[0] == '/') /* a stranger's need not know what it is asked */
		return r;
	r = run_for_text(program, "--questions", NULL, &text, err);
	if (r < 0)
		return err_wrap(err, "template '%s'", name);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strv_add(ret, line) < 0)
			return err_nomem(err);
	return 0;
}

int template_base_key(const char *name, const struct strv *args, char **ret, struct err *err)
{
	autofree char *program = NULL, *text = NULL;
	int r = template_find(name, &program, err);

	if (r < 0 || name[0] == '/')
		return r;
	r = template_tell_folder() < 0 ? err_nomem(err) : run_for_text(program, "--base-key", args, &text, err);
	if (r < 0)
		return err_wrap(err, "template '%s'", name);
	text[strcspn(text, "\n")] = '\0';
	if (!text[0])
		return 0;
	*ret = strdup(text);
	return *ret ? 1 : err_nomem(err);
}
