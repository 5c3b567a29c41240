/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key types whose field is a struct strv. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"

bool key_print_strv(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct strv *list = field;

	(void)key;
	if (i >= list->n)
		return false;
	str_add(out, list->v[i]);
	return true;
}

void key_clear_strv(const struct key *key, void *field)
{
	(void)key;
	strv_done(field);
}

int key_drop_named(struct strv *list, const char *text)
{
	const size_t n = strcspn(text, "=") + 1;
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (strncmp(list->v[i], text, n) == 0)
			free(list->v[i]);
		else
			list->v[kept++] = list->v[i];
	if (list->v)
		list->v[kept] = NULL;
	list->n = kept;
	return 0;
}

int key_parse_named(struct strv *list, const char *text, struct err *err)
{
	const size_t n = strcspn(text, "=");

	key_drop_named(list, text);
	return !text[n + 1] || strv_add(list, text) >= 0 ? 0 : err_nomem(err);
}

static int parse_strings(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	return strv_add(field, text) < 0 ? err_nomem(err) : 0;
}

const struct key_type key_strings = { "text", sizeof(struct strv), parse_strings, key_print_strv, key_clear_strv };

static int parse_words(const struct key *key, void *field, const char *text, struct err *err)
{
	autofree char *copy = strdup(text);
	char *save = NULL;

	(void)key;
	if (!copy)
		return err_nomem(err);
	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		if (strv_add(field, word) < 0)
			return err_nomem(err);
	return 0;
}

const struct key_type key_words = { "words", sizeof(struct strv), parse_words, key_print_strv, key_clear_strv };
