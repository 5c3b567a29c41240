/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount/volume.h"

#include <errno.h>
#include <stdbool.h>
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

/* Those that it has anyway may be said. */
static bool is_usual(const char *word)
{
	return str_eq(word, "idmap") || str_eq(word, "create");
}

static bool is_option(const char *word)
{
	static const char *const options[] = { "ro", "rw", "exposed", "trusted", "optional" };
	size_t i = 0;

	while (i < ARRAY_SIZE(options) && !str_eq(word, options[i]))
		i++;
	return i < ARRAY_SIZE(options);
}

/* Adds them to out, each with a comma in front. */
static int take_options(const char *text, char *options, struct str *out, bool *ret_optional, struct err *err)
{
	char *save = NULL;

	for (char *word = strtok_r(options, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		*ret_optional |= str_eq(word, "optional");
		if (is_option(word))
			str_addf(out, ",%s", word);
		else if (!is_usual(word))
			return err_set(err, EINVAL,
				       "'%s': option '%s' is not ro, rw, idmap, create, optional, exposed or trusted", text,
				       word);
	}
	return 0;
}

int mount_volume_entry(const char *text, struct str *ret, struct err *err)
{
	autofree char *source = strdup(text);
	autocall(str_done) struct str more = { 0 };
	char *target, *options;
	bool optional = false;
	struct stat st;

	if (!source)
		return err_nomem(err);
	target = strchr(source, ':');
	if (source[0] != '/' || !target || target[1] != '/')
		return err_set(err, EINVAL, "'%s' is not /HOST:/CTR or /HOST:/CTR:ro: both are absolute paths", text);
	*target++ = '\0';
	options = strchr(target, ':');
	if (options)
		*options++ = '\0';
	if (options && take_options(text, options, &more, &optional, err) < 0)
		return -err->code;
	if (!optional && stat(source, &st) < 0)
		return err_sys(err, errno, "'%s'", source);
	add_path(ret, source);
	str_add(ret, " ");
	add_path(ret, target);
	str_addf(ret, " none rbind,idmap,create%s", str_text(&more));
	return ret->failed || more.failed ? err_nomem(err) : 0;
}

int mount_volume_assign(const char *text, struct strv *assign, struct err *err)
{
	autocall(str_done) struct str set = { 0 };
	int r;

	str_add(&set, "mount.entry+=");
	r = mount_volume_entry(text, &set, err);
	if (r < 0)
		return r;
	return strv_take(assign, str_steal(&set)) < 0 ? err_nomem(err) : 0;
}
