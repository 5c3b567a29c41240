/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount/entry.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/sys.h"
#include "mount/internal.h"

static const struct {
	const char *name;
	uint64_t propagation;
} propagations[] = {
	{ "private", MS_PRIVATE },
	{ "slave", MS_SLAVE },
	{ "shared", MS_SHARED },
	{ "unbindable", MS_UNBINDABLE },
};

static const struct {
	const char *name;
	size_t at;
} switches[] = {
	{ "create=dir", offsetof(struct mount_entry, create_folder) },
	{ "create=file", offsetof(struct mount_entry, create_file) },
	{ "create", offsetof(struct mount_entry, create) },
	{ "optional", offsetof(struct mount_entry, optional) },
	{ "relative", offsetof(struct mount_entry, relative) },
	{ "idmap", offsetof(struct mount_entry, idmap) },
	{ "idmap=container", offsetof(struct mount_entry, idmap) },
	{ "exposed", offsetof(struct mount_entry, exposed) },
	{ "trusted", offsetof(struct mount_entry, trusted) },
	{ "bind", offsetof(struct mount_entry, bind) },
};

/* Options that mean something to other programs alone. */
static bool is_passed_over(const char *word)
{
	return str_eq(word, "defaults") || str_eq(word, "auto") || str_eq(word, "noauto") || str_eq(word, "nofail");
}

static bool take_flag(struct mount_entry *e, const char *word)
{
	return mnt_flag(word, &e->set, &e->clear);
}

static bool take_propagation(struct mount_entry *e, const char *word)
{
	const bool all = word[0] == 'r';

	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
		if (str_eq(word + all, propagations[i].name)) {
			e->propagation = propagations[i].propagation;
			e->propagate_all = all;
			return true;
		}
	return false;
}

static bool take_switch(struct mount_entry *e, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (str_eq(word, switches[i].name)) {
			*(bool *)(void *)((char *)e + switches[i].at) = true;
			return true;
		}
	if (!str_eq(word, "rbind"))
		return false;
	e->bind = e->recursive = true;
	return true;
}

static int take_option(struct mount_entry *e, const char *word, struct err *err)
{
	if (is_passed_over(word) || take_flag(e, word) || take_switch(e, word) || take_propagation(e, word))
		return 0;
	return strv_add(&e->data, word) < 0 ? err_nomem(err) : 0;
}

void mount_unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; to++) {
		bool octal = p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && isdigit((unsigned char)p[2]) &&
			     isdigit((unsigned char)p[3]);
		*to = octal ? (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0')) : *p;
		p += octal ? 4 : 1;
	}
	*to = '\0';
}

static int take_fields(struct mount_entry *e, const char *text, struct err *err)
{
	autofree char *copy = strdup(text);
	char *save = NULL, *field[6] = { NULL };
	size_t n = 0;
	int r = 0;

	if (!copy)
		return err_nomem(err);
	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (n == ARRAY_SIZE(field))
			return err_set(err, EINVAL, "'%s' has more than six fields: a space in a path is \\040", text);
		field[n++] = word;
	}
	if (n < 4)
		return err_set(err, EINVAL, "'%s' is not SOURCE TARGET TYPE OPTIONS", text);
	for (size_t i = 0; i < 3; i++)
		mount_unescape(field[i]);
	e->source = strdup(field[0]);
	e->target = strdup(field[1]);
	e->type = strdup(field[2]);
	if (!e->source || !e->target || !e->type)
		return err_nomem(err);
	for (char *word = strtok_r(field[3], ",", &save); word && r == 0; word = strtok_r(NULL, ",", &save))
		r = take_option(e, word, err);
	return r;
}

static int check(const struct mount_entry *e, const char *text, struct err *err)
{
	if (e->bind && e->data.n)
		return err_set(err, EINVAL, "'%s': '%s' is no option of a bind mount", text, e->data.v[0]);
	if (!e->bind && str_eq(e->type, "none"))
		return err_set(err, EINVAL, "'%s': type 'none' is for bind and rbind", text);
	if (!e->bind && e->relative)
		return err_set(err, EINVAL, "'%s': 'relative' is for bind and rbind", text);
	if (e->bind && !e->relative && e->source[0] != '/')
		return err_set(err, EINVAL, "'%s': the source must be an absolute path, or the option 'relative' be there",
			       text);
	if (!e->target[strspn(e->target, "/.")])
		return err_set(err, EINVAL, "'%s': the target '%s' is the root", text, e->target);
	if (e->create + e->create_folder + e->create_file > 1)
		return err_set(err, EINVAL, "'%s': one of create, create=dir and create=file", text);
	return 0;
}

int mount_entry_parse(const char *text, struct mount_entry *ret, struct err *err)
{
	int r;

	*ret = (struct mount_entry){ 0 };
	r = take_fields(ret, text, err);
	if (r == 0)
		r = check(ret, text, err);
	if (r < 0)
		mount_entry_done(ret);
	return r;
}

void mount_entry_done(struct mount_entry *e)
{
	if (!e)
		return;
	free(e->source);
	free(e->target);
	free(e->type);
	strv_done(&e->data);
	*e = (struct mount_entry){ 0 };
}

bool mount_entry_is_readonly(const struct mount_entry *e)
{
	return e->set & MOUNT_ATTR_RDONLY;
}

/* The next name of a path; its length. */
static size_t next_name(const char **path)
{
	for (;;) {
		*path += strspn(*path, "/");
		size_t n = strcspn(*path, "/");
		if (n != 1 || **path != '.')
			return n;
		*path += n;
	}
}

bool mount_entry_is_on(const struct mount_entry *e, const char *place)
{
	const char *own = e->target;
	size_t n, m;

	do {
		n = next_name(&own);
		m = next_name(&place);
		if (n != m || strncmp(own, place, n) != 0)
			return false;
		own += n;
		place += n;
	} while (n > 0);
	return true;
}
