/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a file with inih. Its reader callback gives it one line at a time, so that we know the line's number, and looks
 * at what inih would pass over in silence: lines and section names that it cuts, bytes that are not text, empty sections. */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "conf/internal.h"

/* Of the longest value with the longest name that makes sense. */
#define LINE_MAX_BYTES (CONF_VALUE_MAX + 256)

struct load {
	const struct schema *schema;
	void *conf;
	const char *what;
	const struct include *self; /* NULL: nothing includes it */
	const char *next, *end;
	unsigned line;
	const struct conf_part *part; /* NULL above the first section */
	void *in;                     /* its struct */
	char section[CONF_SECTION_MAX + 1];
	bool lost; /* the section is not known: neither are its keys */
	bool failed;
	struct err *err;
};

/* The error gets its place in front. It is told, or the last. */
static void failed(struct load *l)
{
	err_wrap(l->err, "%s:%u", l->what, l->line);
	if (l->self && l->self->wrong) {
		l->self->wrong(l->err, l->self->data);
		err_clear(l->err);
	} else {
		l->failed = true;
	}
}

/* The header's line, without blanks around it. */
static int enter_section(struct load *l, const char *text, size_t len)
{
	const char *close = memchr(text, ']', len), *rest;
	size_t n = close ? (size_t)(close - text) - 1 : 0;
	struct conf_id id;

	l->part = NULL;
	l->lost = true;
	if (!close)
		return err_set(l->err, EINVAL, "'%.*s' has no closing ']'", (int)(len > 60 ? 60 : len), text);
	if (n > CONF_SECTION_MAX)
		return err_set(l->err, EINVAL, "the section's name is %zu bytes long, %d are allowed", n, CONF_SECTION_MAX);
	rest = close + 1 + strspn(close + 1, " \t\r\n");
	if (rest < text + len && *rest != '#' && *rest != ';')
		return err_set(l->err, EINVAL, "'%.*s' follows the section's name", (int)(text + len - rest), rest);
	memcpy(l->section, text + 1, n);
	l->section[n] = '\0';
	if (section_find(l->schema, l->section, n, &l->part, &id) < 0)
		return unknown_section(l->schema, l->section, n, l->err);
	l->in = section_make(l->part, l->conf, &id, l->err);
	l->lost = !l->in;
	return l->in ? 0 : -ENOMEM;
}

static int check_line(struct load *l, const char *line, size_t len)
{
	const char *text = line;

	if (len > LINE_MAX_BYTES)
		return err_set(l->err, EINVAL, "the line is longer than %d bytes, its value may have %d", LINE_MAX_BYTES,
			       CONF_VALUE_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		bool crlf = c == '\r' && i + 1 == len;
		if ((c < ' ' && c != '\t' && !crlf) || c == 127)
			return err_set(l->err, EINVAL, "byte 0x%02x is not text", c);
	}
	if (l->line == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	text += strspn(text, " \t");
	len -= (size_t)(text - line);
	if (*text == '[')
		return enter_section(l, text, len);
	if (len == 0 || strchr("#;\r\n", *text) || memchr(text, '=', len) || memchr(text, ':', len))
		return 0;
	return err_set(l->err, EINVAL, "the line is neither a [section] nor KEY = VALUE");
}

/* fgets for inih; it has room for every line that check_line lets through. */
static char *next_line(char *buf, int size, void *stream)
{
	struct load *l = stream;
	const char *line = l->next, *newline;
	size_t len;

	if (l->failed || line == l->end)
		return NULL;
	newline = memchr(line, '\n', (size_t)(l->end - line));
	len = (size_t)((newline ? newline : l->end) - line);
	l->next = newline ? newline + 1 : l->end;
	l->line++;
	if (check_line(l, line, len) < 0 || len >= (size_t)size) {
		failed(l);
		len = 0;
		if (l->failed)
			return NULL;
	}
	memcpy(buf, line, len);
	buf[len] = '\0';
	return buf;
}

/* The only key above the sections. */
static int check_version(struct load *l, const char *name, const char *value)
{
	uint64_t n;

	if (str_starts(name, "lxc."))
		return unknown_lxc(l->schema, name, l->err);
	if (!str_eq(name, "version"))
		return err_set(l->err, EINVAL, "'%s' stands above the first [section]", name);
	if (str_uint(value, 1, UINT64_MAX, &n) < 0)
		return err_set(l->err, EINVAL, "version: '%s' is not a whole number of at least 1", value);
	if (n > CONF_VERSION)
		return err_set(l->err, EINVAL, "version: the file's format is %s, this mgr knows %d", value, CONF_VERSION);
	return 0;
}

static int take_key(struct load *l, const char *name, const char *value)
{
	const struct section *section;
	const struct key *key;

	if (l->lost)
		return 0;
	if (!l->part)
		return check_version(l, name, value);
	section = l->part->section;
	key = section_key(section, name);
	if (!key && str_starts(name, "lxc."))
		return unknown_lxc(l->schema, name, l->err);
	if (!key) {
		unknown_key(section, name, l->err);
		return err_wrap(l->err, "%s", l->section);
	}
	if (key_apply(section, key, l->in, name, value, l->err) < 0 ||
	    (key->flags & KEY_INCLUDE && *value && conf_include(l->schema, l->conf, l->what, value, l->self, l->err) < 0))
		return err_wrap(l->err, "%s.%s", l->section, name);
	return 0;
}

/* inih's handler: nonzero goes on. Its own idea of the section is cut, ours is not. */
static int handle(void *user, const char *section, const char *name, const char *value)
{
	struct load *l = user;

	(void)section;
	if (take_key(l, name, value ? value : "") < 0)
		failed(l);
	return !l->failed;
}

int conf_load_included(const struct schema *schema, void *conf, const char *what, const char *text, size_t len,
		       const struct include *self, struct err *err)
{
	struct err own = { 0 };
	struct load l = {
		.schema = schema,
		.conf = conf,
		.what = what,
		.self = self,
		.next = text,
		.end = text + len,
		.err = err ? err : &own,
	};
	int r;

	ini_use_stack = false;
	ini_max_line = ini_initial_alloc = 8192;
	ini_allow_multiline = ini_allow_inline_comments = false;
	ini_stop_on_first_error = true;
	r = ini_parse_stream(next_line, &l, handle, &l);
	if (l.failed)
		return -l.err->code;
	return r < 0 ? err_nomem(err) : 0;
}

int conf_load_text(const struct schema *schema, void *conf, const char *what, const char *text, size_t len, struct err *err)
{
	return conf_load_included(schema, conf, what, text, len, NULL, err);
}

int conf_check_text(const struct schema *schema, void *conf, const char *what, const char *text, size_t len,
		    conf_wrong_fn *wrong, void *data, struct err *err)
{
	const struct include self = { .wrong = wrong, .data = data };

	return conf_load_included(schema, conf, what, text, len, &self, err);
}

/* What errors call the file: its whole path, when the kernel can tell. */
static char *full_path(int dirfd, const char *path)
{
	char link[64], folder[4096];
	ssize_t n;

	if (dirfd == AT_FDCWD || path[0] == '/')
		return strdup(path);
	str_print(link, sizeof link, "/proc/self/fd/%d", dirfd);
	n = readlink(link, folder, sizeof folder);
	if (n <= 0 || folder[0] != '/' || (size_t)n == sizeof folder)
		return strdup(path);
	return str_fmt("%.*s/%s", (int)n, folder, path);
}

int conf_load(const struct schema *schema, void *conf, int dirfd, const char *path, struct err *err)
{
	autofree char *text = NULL, *what = full_path(dirfd, path);
	size_t len;
	int r = file_read_at(dirfd, path, CONF_FILE_MAX, &text, &len, err);

	return r < 0 ? r : conf_load_text(schema, conf, what ? what : path, text, len, err);
}
