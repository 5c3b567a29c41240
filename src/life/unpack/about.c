/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/unpack/about.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"

static void print_bytes(const char *bytes, struct str *out)
{
	str_addf(out, "%zu\n%s\n", strlen(bytes), bytes);
}

void about_print(const struct about *about, struct str *out)
{
	str_addf(out, "name %s\nconfig ", about->name);
	print_bytes(about->config, out);
	for (size_t i = 0; i < about->n; i++) {
		const struct about_snapshot *s = &about->v[i];
		str_addf(out, "snapshot %s %" PRIu64 " ", s->name, s->created);
		print_bytes(s->config, out);
		if (s->comment) {
			str_add(out, "comment ");
			print_bytes(s->comment, out);
		}
	}
}

/* From *at to the next of these, which is skipped; NULL: there is none. */
static char *take_word(const char **at, char end)
{
	const char *stop = strchr(*at, end);
	char *word = stop ? strndup(*at, (size_t)(stop - *at)) : NULL;

	if (word)
		*at = stop + 1;
	return word;
}

static int take_number(const char **at, char end, uint64_t max, uint64_t *ret)
{
	autofree char *word = take_word(at, end);

	return word ? str_uint(word, 0, max, ret) : -EINVAL;
}

static char *take_bytes(const char **at)
{
	uint64_t size;
	char *bytes;

	if (take_number(at, '\n', ABOUT_MAX, &size) < 0 || strnlen(*at, size + 1) <= size || (*at)[size] != '\n')
		return NULL;
	bytes = strndup(*at, size);
	*at += size + 1;
	return bytes;
}

static bool take_key(const char **at, const char *key)
{
	if (!str_starts(*at, key))
		return false;
	*at += strlen(key);
	return true;
}

static int take_snapshot(const char **at, struct about *ret)
{
	autofree char *name = take_word(at, ' ');
	struct about_snapshot *s = name && ret->n < ABOUT_SNAPSHOTS_MAX ? about_add(ret, name) : NULL;

	if (!s || take_number(at, ' ', UINT64_MAX, &s->created) < 0 || !(s->config = take_bytes(at)))
		return -EINVAL;
	if (take_key(at, "comment ") && !(s->comment = take_bytes(at)))
		return -EINVAL;
	return 0;
}

static int parse(const char *at, struct about *ret)
{
	if (!take_key(&at, "name ") || !(ret->name = take_word(&at, '\n')) || !take_key(&at, "config ") ||
	    !(ret->config = take_bytes(&at)))
		return -EINVAL;
	while (*at)
		if (!take_key(&at, "snapshot ") || take_snapshot(&at, ret) < 0)
			return -EINVAL;
	return 0;
}

int about_parse(const char *text, struct about *ret, struct err *err)
{
	return parse(text, ret) < 0 ? err_set(err, EINVAL, "what it says about itself is not to be read") : 0;
}

struct about_snapshot *about_add(struct about *about, const char *name)
{
	struct about_snapshot *v = vec_grow(about->v, about->n, &about->room, sizeof *v);

	if (!v)
		return NULL;
	about->v = v;
	v += about->n;
	*v = (struct about_snapshot){ .name = strdup(name) };
	about->n += !!v->name;
	return v->name ? v : NULL;
}

void about_done(struct about *about)
{
	free(about->name);
	free(about->config);
	for (size_t i = 0; i < about->n; i++) {
		free(about->v[i].name);
		free(about->v[i].config);
		free(about->v[i].comment);
	}
	free(about->v);
	*about = (struct about){ 0 };
}
