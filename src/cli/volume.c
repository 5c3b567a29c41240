/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/volume.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* As fstab(5) has it. */
static void add_path(struct str *out, const char *path)
{
	for (; *path; path++)
		if (strchr(" \t\n\\", *path))
			str_addf(out, "\\%03o", (unsigned)*path);
		else
			str_addn(out, path, 1);
}

static int check_options(const char *text, const char *options, struct err *err)
{
	autofree char *copy = strdup(options);
	char *save = NULL;

	if (!copy)
		return err_nomem(err);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (!str_eq(word, "ro") && !str_eq(word, "rw") && !str_eq(word, "exposed"))
			return err_set(err, EINVAL, "'%s': option '%s' is not ro, rw or exposed", text, word);
	return 0;
}

int volume_assign(const char *text, struct strv *assign, struct err *err)
{
	autofree char *source = strdup(text);
	autocall(str_done) struct str entry = { 0 };
	char *target, *options;
	struct stat st;

	if (!source)
		return err_nomem(err);
	target = strchr(source, ':');
	if (source[0] != '/' || !target || target[1] != '/')
		return err_set(err, EINVAL, "'%s' is not /SOURCE:/TARGET or /SOURCE:/TARGET:ro", text);
	*target++ = '\0';
	options = strchr(target, ':');
	if (options)
		*options++ = '\0';
	if (options && check_options(text, options, err) < 0)
		return -err->code;
	if (stat(source, &st) < 0)
		return err_sys(err, errno, "'%s'", source);
	str_add(&entry, "mount.entry+=");
	add_path(&entry, source);
	str_add(&entry, " ");
	add_path(&entry, target);
	str_addf(&entry, " none rbind,idmap,create=%s%s%s", S_ISDIR(st.st_mode) ? "dir" : "file",
		 options && *options ? "," : "", options ? options : "");
	return strv_take(assign, str_steal(&entry)) < 0 ? err_nomem(err) : 0;
}
