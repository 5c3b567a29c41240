/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/device.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/keys.h"

#define INDEX "index="

const struct nic_conf *spec_nic(const struct spec *spec, unsigned number)
{
	for (size_t i = 0; i < spec->net.n; i++)
		if (spec->net.v[i].index == number)
			return &spec->net.v[i];
	return NULL;
}

/* --- words ---------------------------------------------------------------------------------------------------------- */

int spec_pieces(char *const words[], struct strv *ret, struct err *err)
{
	for (; *words; words++)
		for (const char *piece = *words, *end; piece; piece = *end ? end + 1 : NULL) {
			end = piece + strcspn(piece, ",");
			const bool more = piece != *words && !memchr(piece, '=', (size_t)(end - piece));
			if (end != piece && strv_addf(ret, "%s%.*s", more ? "," : "", (int)(end - piece), piece) < 0)
				return err_nomem(err);
		}
	return 0;
}

/* "index=N": 1 and the number, 0 when it is not there. */
static int wanted_number(const struct strv *pieces, unsigned *ret, struct err *err)
{
	uint64_t n = 0;
	int found = 0;

	for (size_t i = 0; i < pieces->n; i++) {
		const char *text = pieces->v[i] + strlen(INDEX);
		if (!str_starts(pieces->v[i], INDEX))
			continue;
		if (str_uint(text, 0, net_nic_section.max, &n) < 0)
			return err_set(err, EINVAL, "index: '%s' is not a number from 0 to %u", text, net_nic_section.max);
		found = 1;
	}
	*ret = (unsigned)n;
	return found;
}

/* Appends "net.1.KEY=VALUE" of a piece; a list's further values are added to it. *key: of the piece before. */
static int add_set(const char *piece, unsigned number, char **key, struct strv *ret, struct err *err)
{
	const size_t n = strcspn(piece, "=+");
	const bool named = *piece != ',';
	const char *value = named ? strchr(piece, '=') : piece;
	autofree char *name = named ? str_fmt("net.%u.%.*s", number, (int)n, piece) : NULL, *whole = NULL;
	struct conf_key found;

	if (named ? !value || n == 0 : !*key)
		return err_set(err, EINVAL, "'%s' is not KEY=VALUE", piece + !named);
	if (named) {
		free(*key);
		*key = steal_ptr(&name);
	}
	if (!*key)
		return err_nomem(err);
	if (conf_find(&spec_schema, *key, &found, err) < 0)
		return -err->code;
	const bool list = found.key->flags & KEY_LIST;
	if (named || list)
		return strv_addf(ret, "%s%s%s", *key, list ? "+=" : "=", value + 1) < 0 ? err_nomem(err) : 0;
	whole = str_fmt("%s%s", ret->v[ret->n - 1], piece);
	if (!whole)
		return err_nomem(err);
	free(ret->v[ret->n - 1]);
	ret->v[ret->n - 1] = steal_ptr(&whole);
	return 0;
}

static int make_sets(const struct strv *pieces, unsigned number, struct strv *ret, struct err *err)
{
	autofree char *key = NULL;
	int r = 0;

	for (size_t i = 0; i < pieces->n && r == 0; i++)
		if (!str_starts(pieces->v[i], INDEX) && *pieces->v[i])
			r = add_set(pieces->v[i], number, &key, ret, err);
	return r;
}

/* --- a new one ------------------------------------------------------------------------------------------------------ */

static bool name_is_taken(const struct spec *spec, const char *name)
{
	char other[16];

	for (size_t i = 0; i < spec->net.n; i++)
		if (spec->net.v[i].type != NIC_EMPTY && net_nic_name(&spec->net.v[i], other) == 0 && str_eq(name, other))
			return true;
	return false;
}

static bool is_free(const struct spec *running, const struct spec *configured, unsigned number)
{
	char name[16];

	str_print(name, sizeof name, "eth%u", number);
	return !spec_nic(running, number) && !spec_nic(configured, number) && !name_is_taken(running, name);
}

int spec_nic_number(const struct spec *running, const struct spec *configured, const struct strv *pieces, unsigned *ret,
		    struct err *err)
{
	int r = wanted_number(pieces, ret, err);

	if (r > 0 && spec_nic(running, *ret))
		return err_set(err, EEXIST, "index: net.%u is there already", *ret);
	if (r > 0 && spec_nic(configured, *ret))
		return err_set(err, EEXIST, "index: its configuration has another net.%u", *ret);
	if (r != 0)
		return r < 0 ? r : 0;
	for (*ret = 0; *ret <= net_nic_section.max; ++*ret)
		if (is_free(running, configured, *ret))
			return 0;
	return err_set(err, ENOSPC, "it has %zu network interfaces, there can be no more", running->net.n);
}

int spec_nic_add(struct spec *spec, const struct strv *pieces, unsigned number, struct strv *ret_sets, struct err *err)
{
	autocall(strv_done) struct strv sets = { 0 };
	autofree char *type = str_fmt("net.%u.type=", number);
	bool typed = false;
	int r = make_sets(pieces, number, &sets, err);

	if (r < 0)
		return r;
	if (!type)
		return err_nomem(err);
	for (size_t i = 0; i < sets.n; i++)
		typed |= str_starts(sets.v[i], type);
	if (!typed && strv_addf(ret_sets, "%sveth", type) < 0)
		return err_nomem(err);
	for (size_t i = 0; i < sets.n; i++)
		if (strv_add(ret_sets, sets.v[i]) < 0)
			return err_nomem(err);
	for (size_t i = 0; i < ret_sets->n && r == 0; i++)
		r = spec_set(spec, ret_sets->v[i], err);
	return r;
}

/* --- one that is there ---------------------------------------------------------------------------------------------- */

static bool is_called(const struct nic_conf *nic, const char *text)
{
	char name[16];
	uint64_t n;

	if (str_uint(str_starts(text, "net.") ? text + 4 : text, 0, UINT32_MAX, &n) == 0)
		return nic->index == n;
	return nic->type != NIC_EMPTY && net_nic_name(nic, name) == 0 && str_eq(name, text);
}

/* Each value of the key in `wanted` is one of the NIC's. */
static bool has_values(const struct spec *spec, const struct spec *wanted, const struct conf_key *key)
{
	for (size_t i = 0;; i++) {
		autocall(str_done) struct str value = { 0 };
		bool found = false;
		if (!conf_print(wanted, key, i, &value))
			return true;
		for (size_t k = 0; !found; k++) {
			autocall(str_done) struct str own = { 0 };
			if (!conf_print(spec, key, k, &own))
				return false;
			found = str_eq(str_text(&own), str_text(&value));
		}
	}
}

/* 1: it is as the pieces say. */
static int matches(const struct spec *spec, const struct nic_conf *nic, const struct strv *pieces, struct err *err)
{
	autocall(strv_done) struct strv sets = { 0 };
	autocall(spec_done) struct spec wanted;
	struct conf_key key;
	int r = make_sets(pieces, nic->index, &sets, err);

	spec_init(&wanted);
	for (size_t i = 0; i < sets.n && r == 0; i++)
		r = spec_set(&wanted, sets.v[i], err);
	for (size_t i = 0; i < sets.n && r == 0; i++) {
		autofree char *name = strndup(sets.v[i], strcspn(sets.v[i], "+="));
		r = name ? conf_find(&spec_schema, name, &key, err) : err_nomem(err);
		if (r == 0 && str_eq(key.name, "name") && !nic->name) { /* it has one all the same */
			if (!is_called(nic, strchr(sets.v[i], '=') + 1))
				return 0;
		} else if (r == 0 && !has_values(spec, &wanted, &key)) {
			return 0;
		}
	}
	return r < 0 ? r : 1;
}

int spec_nic_find(const struct spec *spec, const struct strv *pieces, unsigned *ret, struct err *err)
{
	const bool called = pieces->n == 1 && !strchr(pieces->v[0], '=');
	const struct nic_conf *found = NULL;
	unsigned number;
	int by_number = wanted_number(pieces, &number, err);

	if (by_number < 0)
		return by_number;
	for (size_t i = 0; i < spec->net.n; i++) {
		const struct nic_conf *nic = &spec->net.v[i];
		if (by_number && nic->index != number)
			continue;
		int r = called ? is_called(nic, pieces->v[0]) : matches(spec, nic, pieces, err);
		if (r < 0)
			return r;
		if (r && found)
			return err_set(err, EINVAL, "net.%u and net.%u are both meant: say more of the one, or its number",
				       found->index, nic->index);
		found = r ? nic : found;
	}
	if (!found)
		return err_set(err, ENOENT,
			       called ? "it has no network interface '%s'" : "it has no network interface with '%s'",
			       pieces->n ? pieces->v[0] : "");
	*ret = found->index;
	return 0;
}

int spec_nic_drop(struct spec *spec, unsigned number, struct err *err)
{
	char section[16];

	str_print(section, sizeof section, "net.%u", number);
	return conf_drop_section(&spec_schema, spec, section, err);
}
