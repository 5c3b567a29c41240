/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/edit.h"

#include <string.h>

enum line_kind {
	LINE_OTHER, /* blank, comment, or nothing that can be read */
	LINE_HEADER,
	LINE_KEY,
};

struct line {
	enum line_kind kind;
	const char *start;
	size_t size; /* with what ends it */
	const char *name;
	size_t name_size;
	size_t value; /* LINE_KEY: bytes up to the value */
	size_t end;   /* bytes up to what ends the line */
};

struct edit_job {
	enum edit how;
	const char *section, *key, *value;
	size_t section_size;
};

static size_t blanks(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i;
}

static size_t trimmed(const char *p, size_t n)
{
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t' || p[n - 1] == '\r'))
		n--;
	return n;
}

/* "KEY = VALUE" or "KEY: VALUE", from p on, n bytes; all inside the line. */
static void read_key(struct line *line, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && p[at] != '=' && p[at] != ':')
		at++;
	if (at == n)
		return;
	line->kind = LINE_KEY;
	line->name = p;
	line->name_size = trimmed(p, at);
	line->value = (size_t)(p - line->start) + at + 1;
	line->value += blanks(line->start + line->value, line->end - line->value);
}

static struct line read_line(const char *text, bool first)
{
	struct line line = { .start = text, .size = strcspn(text, "\n") };
	size_t at = first && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	const char *close, *p;

	line.end = line.size - (line.size > 0 && text[line.size - 1] == '\r');
	line.size += text[line.size] == '\n';
	at += blanks(text + at, line.end - at);
	p = text + at;
	if (at == line.end || *p == '#' || *p == ';')
		return line;
	if (*p != '[') {
		read_key(&line, p, line.end - at);
		return line;
	}
	close = memchr(p, ']', line.end - at);
	if (close) {
		line.kind = LINE_HEADER;
		line.name = p + 1;
		line.name_size = (size_t)(close - p) - 1;
	}
	return line;
}

static bool named(const struct line *line, const char *name, size_t size)
{
	return line->name_size == size && memcmp(line->name, name, size) == 0;
}

/* Where things stand, as offsets of lines' starts; SIZE_MAX: nowhere. */
struct places {
	size_t first, last; /* the key's lines */
	size_t tail;        /* the last header or key of its section */
};

/* Calls each line with whether it lies in the section. */
static struct places find_places(const char *text, const struct edit_job *job)
{
	struct places at = { SIZE_MAX, SIZE_MAX, SIZE_MAX };
	bool inside = false;

	for (size_t i = 0; text[i];) {
		struct line line = read_line(text + i, i == 0);
		if (line.kind == LINE_HEADER)
			inside = named(&line, job->section, job->section_size);
		if (inside && line.kind != LINE_OTHER)
			at.tail = i;
		if (inside && line.kind == LINE_KEY && job->key && named(&line, job->key, strlen(job->key))) {
			at.first = at.first == SIZE_MAX ? i : at.first;
			at.last = i;
		}
		i += line.size;
	}
	return at;
}

/* A new line after one that has been copied; it ends like that one. */
static void insert_after(const struct line *line, const struct edit_job *job, struct str *out)
{
	size_t indent = blanks(line->start, line->end);
	bool whole = line->size > 0 && line->start[line->size - 1] == '\n';

	if (!whole)
		str_add(out, "\n");
	if (line->kind == LINE_KEY)
		str_addn(out, line->start, indent);
	str_addf(out, "%s =%s%s", job->key, *job->value ? " " : "", job->value);
	str_addn(out, whole ? line->start + line->end : "\n", whole ? line->size - line->end : 1);
}

static void replace(const struct line *line, const struct edit_job *job, struct str *out)
{
	bool had_none = line->value == line->end;

	str_addn(out, line->start, line->value);
	if (had_none && *job->value && line->value > 1 && line->start[line->value - 2] == ' ')
		str_add(out, " ");
	str_add(out, job->value);
	str_addn(out, line->start + line->end, line->size - line->end);
}

static bool has_value(const struct line *line, const char *value)
{
	size_t size = trimmed(line->start + line->value, line->end - line->value);

	return size == strlen(value) && memcmp(line->start + line->value, value, size) == 0;
}

static bool unwanted(const struct line *line, bool inside, const struct edit_job *job)
{
	if (!inside || line->kind == LINE_OTHER || job->how == EDIT_ADD || job->how == EDIT_LAST)
		return false;
	if (!job->key)
		return true;
	return line->kind == LINE_KEY && named(line, job->key, strlen(job->key)) &&
	       (job->how != EDIT_DROP || has_value(line, job->value));
}

static void append_section(const char *text, const struct edit_job *job, struct str *out)
{
	size_t n = strlen(text);

	if (n && text[n - 1] != '\n')
		str_add(out, "\n");
	str_addf(out, "%s[%.*s]\n%s =%s%s\n", n ? "\n" : "", (int)job->section_size, job->section, job->key,
		 *job->value ? " " : "", job->value);
}

bool edit_text(const char *text, enum edit how, const char *section, size_t section_size, const char *key, const char *value,
	       struct str *out)
{
	struct edit_job job = { how, section, key, value, section_size };
	struct places at = find_places(text, &job);
	const bool takes_away = how == EDIT_UNSET || how == EDIT_DROP;
	size_t insert = takes_away ? SIZE_MAX : at.last != SIZE_MAX && how != EDIT_LAST ? at.last : at.tail;
	bool inside = false, replaces = how == EDIT_SET && at.first != SIZE_MAX;
	size_t before = out->len;

	if (replaces)
		insert = SIZE_MAX;
	for (size_t i = 0; text[i];) {
		struct line line = read_line(text + i, i == 0);
		if (line.kind == LINE_HEADER)
			inside = named(&line, section, section_size);
		if (replaces && i == at.first)
			replace(&line, &job, out);
		else if (!unwanted(&line, inside, &job))
			str_addn(out, line.start, line.size);
		if (i == insert)
			insert_after(&line, &job, out);
		i += line.size;
	}
	if (!takes_away && !replaces && insert == SIZE_MAX)
		append_section(text, &job, out);
	return strcmp(str_text(out) + before, text) != 0;
}
