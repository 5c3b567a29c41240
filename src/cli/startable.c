/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/startable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spec/spec.h"

int startable_add_groups(struct startable_choice *choice, const char *text)
{
	for (const char *p = text;; p++) {
		const size_t n = strcspn(p, ",");
		autofree char *group = strndup(p, n);
		if (!group || (!strv_has(&choice->groups, group) && strv_add(&choice->groups, group) < 0))
			return -ENOMEM;
		p += n;
		if (!*p)
			return 0;
	}
}

/* The place of its group among those that were asked for; SIZE_MAX: none of them. */
static size_t rank(const struct startable_choice *choice, const struct strv *its)
{
	if (choice->every_group || (!choice->groups.n && !its->n))
		return 0;
	for (size_t i = 0; i < choice->groups.n; i++)
		if (*choice->groups.v[i] ? strv_has(its, choice->groups.v[i]) : !its->n)
			return i;
	return SIZE_MAX;
}

struct found {
	struct startable startable;
	size_t rank;
};

static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->startable.order != y->startable.order)
		return x->startable.order < y->startable.order ? -1 : 1;
	return strcmp(x->startable.name, y->startable.name);
}

/* 1 when it is chosen; 0 also when it was destroyed meanwhile. */
static int look(const struct store *store, const char *name, const struct startable_choice *choice, struct found *ret,
		struct err *err)
{
	autoclose int folder = store_container(store, name, err);
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	r = spec_load(&spec, folder, "config", err);
	if (r == -ENOENT && faccessat(folder, "config", F_OK, 0) < 0) /* else a file that it includes is absent */
		return 0;
	if (r < 0)
		return r;
	*ret = (struct found){ .rank = rank(choice, &spec.container.group) };
	if (ret->rank == SIZE_MAX || (!spec.start.by_itself && !choice->ignore_auto))
		return 0;
	ret->startable = (struct startable){ strdup(name), spec.start.order, spec.start.delay };
	return ret->startable.name ? 1 : err_nomem(err);
}

static int hand_over(struct found *found, size_t n, struct startables *ret, struct err *err)
{
	if (n > 1)
		qsort(found, n, sizeof *found, compare);
	*ret = (struct startables){ .v = calloc(n + 1, sizeof *ret->v) };
	if (!ret->v) {
		for (size_t i = 0; i < n; i++)
			free(found[i].startable.name);
		return err_nomem(err);
	}
	for (; ret->n < n; ret->n++)
		ret->v[ret->n] = found[ret->n].startable;
	return 0;
}

int startables_find(const struct store *store, const struct startable_choice *choice,
		    void (*unreadable)(void *data, const char *name, const struct err *err), void *data,
		    struct startables *ret, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	autofree struct found *found = NULL;
	bool failed = false;
	size_t n = 0;
	int r = store_list(store, &names, err);

	if (r < 0)
		return r;
	found = calloc(names.n + 1, sizeof *found);
	if (!found)
		return err_nomem(err);
	for (size_t i = 0; i < names.n; i++) {
		struct err one = { 0 };
		r = look(store, names.v[i], choice, &found[n], &one);
		if (r < 0) {
			failed = true;
			unreadable(data, names.v[i], &one);
		}
		n += r > 0;
	}
	r = hand_over(found, n, ret, err);
	return r < 0 ? r : failed;
}

void startables_done(struct startables *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
	free(list->v);
	*list = (struct startables){ 0 };
}
