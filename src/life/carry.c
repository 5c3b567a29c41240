/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration that is to mean something else here and there, written as its owner wrote it. */
#include "base/cleanup.h"
#include "conf/edit.h"
#include "life/config.h"

/* One key's lines. */
static int put(struct str *text, const char *name, const struct spec *want, struct err *err)
{
	struct conf_key key;
	int r = conf_find(&spec_schema, name, &key, err);

	for (size_t i = 0; r == 0; i++) {
		autocall(str_done) struct str value = { 0 }, before = { 0 };
		const bool has = conf_print(want, &key, i, &value);
		const enum edit how = has ? i ? EDIT_ADD : EDIT_SET : EDIT_UNSET;
		if (!has && i)
			return 0;
		before = *text;
		*text = (struct str){ 0 };
		edit_text(str_text(&before), how, name, key.section_size, key.name, str_text(&value), text);
		if (text->failed || value.failed)
			return err_nomem(err);
		if (!has)
			return 0;
	}
	return r;
}

static bool differs(const struct spec *one, const struct spec *other, const char *name)
{
	autocall(str_done) struct str a = { 0 }, b = { 0 };
	struct conf_key key;

	if (conf_find(&spec_schema, name, &key, NULL) < 0)
		return false;
	for (size_t i = 0; conf_print(one, &key, i, &a); i++)
		str_add(&a, "\n");
	for (size_t i = 0; conf_print(other, &key, i, &b); i++)
		str_add(&b, "\n");
	return !str_eq(str_text(&a), str_text(&b));
}

/* Does the text say just that? What it includes may say something else of a key that it has no line of. */
static bool means(const char *path, const struct str *text, const struct spec *want)
{
	autocall(str_done) struct str is = { 0 }, wanted = { 0 };
	autocall(spec_done) struct spec spec;

	spec_init(&spec);
	if (conf_load_text(&spec_schema, &spec, path, str_text(text), text->len, NULL) < 0)
		return false;
	spec_print(&spec, &is);
	spec_print(want, &wanted);
	return !is.failed && !wanted.failed && str_eq(str_text(&is), str_text(&wanted));
}

int life_config_carry(const char *text, const char *path, const struct spec *was, const struct spec *want,
		      const struct strv *keys, struct str *ret, struct err *err)
{
	int r = 0;

	str_add(ret, text);
	for (size_t i = 0; i < keys->n && r == 0; i++)
		if (differs(was, want, keys->v[i]))
			r = put(ret, keys->v[i], want, err);
	if (r == 0 && !means(path, ret, want)) {
		ret->len = 0;
		spec_print(want, ret);
	}
	return r == 0 && ret->failed ? err_nomem(err) : r;
}

int life_config_own_keys(const struct spec *spec, struct strv *ret, struct err *err)
{
	static const char *const of_all[] = { "container.uuid",      "container.idmap", "uts.name",
					      "rootfs.path",         "rootfs.exposed",  "forward.port",
					      "container.ephemeral", "rootfs.size" };
	static const char *const of_nics[] = { "hwaddr", "veth.pair", "ipv4.address", "ipv6.address" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(of_all); i++)
		r |= strv_add(ret, of_all[i]);
	for (size_t i = 0; i < spec->net.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(of_nics); k++)
			r |= strv_addf(ret, "net.%u.%s", spec->net.v[i].index, of_nics[k]);
	return r < 0 ? err_nomem(err) : 0;
}
