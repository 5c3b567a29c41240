/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which keys of a configuration that somebody else has written may be a container's here. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "life/import.h"
#include "spec/spec.h"

#define PARTS_MAX 64

/* What these say stays inside. "net" stands for [net.0] and all others of its kind. */
static const struct {
	const char *section;
	const char *const keys[8]; /* none: all */
} harmless[] = {
	{ "uts", { "name" } },
	{ "container", { "no_new_privs" } },
	{ "rootfs", { "readonly" } },
	{ "net", { "type", "name", "mtu", "isolated" } },
	{ "limits", { NULL } },
	{ "init", { NULL } },
	{ "signal", { NULL } },
	{ "environment", { NULL } },
	{ "console", { "size", "buffer.size" } },
	{ "tty", { NULL } },
	{ "log", { NULL } },
	{ "start", { "order", "delay" } }, /* not auto: nobody here has asked for it to run */
};

struct line {
	const char *section, *key, *value;
};

/* What of it is taken. */
struct taking {
	const struct spec *spec;
	const char *was; /* its name */
	bool trust, sized;
	struct str *out, *told;
};

static bool is_numbered(const char *section, const char *name)
{
	return strncmp(section, name, strlen(name)) == 0 && section[strlen(name)] == '.';
}

static bool is_net(const char *section)
{
	return is_numbered(section, "net");
}

static bool is_harmless(const struct line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		const char *const *keys = harmless[i].keys;
		if (!str_eq(line->section, harmless[i].section) && !is_numbered(line->section, harmless[i].section))
			continue;
		if (is_net(line->section) && str_eq(line->key, "type"))
			return str_eq(line->value, "veth") || str_eq(line->value, "empty");
		for (size_t k = 0; keys[k]; k++)
			if (str_eq(line->key, keys[k]))
				return true;
		return !keys[0];
	}
	return false;
}

/* Of each container its own: made anew, which needs no word. */
static bool is_own(const struct line *line, const char *was, bool trust)
{
	if (str_eq(line->section, "container"))
		return str_eq(line->key, "uuid") || (str_eq(line->key, "idmap") && !str_eq(line->value, "none"));
	if (str_eq(line->section, "rootfs"))
		return str_eq(line->key, "path");
	if (is_net(line->section))
		return str_eq(line->key, "hwaddr") && !trust;
	return str_eq(line->section, "uts") && str_eq(line->key, "name") && str_eq(line->value, was);
}

/* A section [net.N] of another type is left out whole. */
static bool is_skipped(const struct spec *spec, const char *section)
{
	uint64_t n;

	if (!is_net(section) || str_uint(section + strlen("net."), 0, UINT32_MAX, &n) < 0)
		return false;
	for (size_t i = 0; i < spec->net.n; i++)
		if (spec->net.v[i].index == n)
			return spec->net.v[i].type != NIC_VETH && spec->net.v[i].type != NIC_EMPTY;
	return false;
}

/* What follows a [section] of a text that conf_save has written: "key = value". */
static void take_line(const struct taking *t, const struct line *line)
{
	const bool size = str_eq(line->section, "rootfs") && str_eq(line->key, "size");

	if (is_own(line, t->was, t->trust))
		return;
	if (size ? t->sized : t->trust || (is_harmless(line) && !is_skipped(t->spec, line->section)))
		str_addf(t->out, "[%s]\n%s = %s\n", line->section, line->key, line->value);
	else
		str_addf(t->told, "left out: %s.%s = %s\n", line->section, line->key, line->value);
}

static void take_lines(const struct taking *t, char *text)
{
	struct line line = { .section = "" };
	char *save = NULL;

	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		char *end = strchr(p, *p == '[' ? ']' : '=');
		if (!end || (!*line.section && *p != '['))
			continue;
		if (*p == '[') {
			*end = '\0';
			line.section = p + 1;
			if (is_net(line.section) && (t->trust || !is_skipped(t->spec, line.section)))
				str_addf(t->out, "[%s]\n", line.section); /* it is one, whatever it says */
			continue;
		}
		line.value = end + 1 + strspn(end + 1, " ");
		while (end > p && end[-1] == ' ')
			end--;
		*end = '\0';
		line.key = p;
		take_line(t, &line);
	}
}

int import_config(const char *config, const struct import_keys *keys, struct str *out, struct str *told, struct err *err)
{
	struct conf_part parts[PARTS_MAX];
	struct schema schema = { .parts = parts };
	autocall(str_done) struct str text = { 0 };
	autocall(spec_done) struct spec spec;
	int r;

	/* Where it would include files, these would be this machine's. */
	for (size_t i = 0; i < spec_schema.n && schema.n < PARTS_MAX; i++)
		if (!str_eq(spec_schema.parts[i].section->name, "include"))
			parts[schema.n++] = spec_schema.parts[i];
	spec_init(&spec);
	r = conf_load_text(&schema, &spec, "mgr/config", config, strlen(config), err);
	if (r < 0)
		return r;
	conf_save(&schema, &spec, &text);
	if (text.failed)
		return err_nomem(err);
	if (text.text)
		take_lines(&(struct taking){ &spec, keys->was, keys->trust, keys->sized, out, told }, text.text);
	return out->failed || told->failed ? err_nomem(err) : 0;
}
