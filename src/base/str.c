/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_done(struct str *s)
{
	if (!s)
		return;
	free(s->text);
	*s = (struct str){ 0 };
}

static bool grow(struct str *s, size_t more)
{
	size_t want = s->len + more + 1, cap = s->cap ? s->cap : 64;
	char *text;

	if (s->failed)
		return false;
	if (want <= s->cap)
		return true;
	while (cap < want)
		cap *= 2;
	text = realloc(s->text, cap);
	if (!text) {
		s->failed = true;
		return false;
	}
	s->text = text;
	s->cap = cap;
	return true;
}

void str_addn(struct str *s, const void *bytes, size_t n)
{
	if (!grow(s, n))
		return;
	if (n)
		memcpy(s->text + s->len, bytes, n);
	s->len += n;
	s->text[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !grow(s, (size_t)n)) {
		s->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(s->text + s->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
}

const char *str_text(const struct str *s)
{
	return s->text ? s->text : "";
}

char *str_steal(struct str *s)
{
	char *text;

	str_addn(s, "", 0);
	if (s->failed) {
		str_done(s);
		return NULL;
	}
	text = s->text;
	*s = (struct str){ 0 };
	return text;
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static char *format(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

char *str_fmt(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	return text;
}

int str_print(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size)
		return 0;
	if (size)
		buf[0] = '\0';
	return -ENAMETOOLONG;
}

bool str_eq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t a = strlen(text), b = strlen(suffix);

	return a >= b && strcmp(text + a - b, suffix) == 0;
}

/* Digits from *text on; moves *text behind them. */
static int digits(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return -ERANGE;
	*text = p;
	*ret = n;
	return 0;
}

int str_uint(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n;
	int r = digits(&text, &n);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	if (n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

int str_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	uint64_t n;
	int r = digits(&text, &n);

	if (r < 0)
		return r;
	if (*text) {
		const char *unit = strchr(units, *text >= 'a' ? *text - 'a' + 'A' : *text);
		if (unit) {
			unsigned shift = (unsigned)(unit - units + 1) * 10;
			if (n > UINT64_MAX >> shift)
				return -ERANGE;
			n <<= shift;
			text++;
			if (*text == 'i')
				text++;
			if (text[-1] == 'i' && *text != 'B')
				return -EINVAL;
		}
		if (*text == 'B')
			text++;
	}
	if (*text)
		return -EINVAL;
	*ret = n;
	return 0;
}

int str_duration(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "", 1000000000 },   { "s", 1000000000 },    { "ms", 1000000 },
		      { "m", 60000000000 }, { "h", 3600000000000 }, { "d", 86400000000000 } };
	uint64_t whole, part = 0, scale = 1;
	int r = digits(&text, &whole);

	if (r < 0)
		return r;
	if (*text == '.') {
		text++;
		if (*text < '0' || *text > '9')
			return -EINVAL;
		for (; *text >= '0' && *text <= '9'; text++)
			if (scale < 1000000) {
				part = part * 10 + (uint64_t)(*text - '0');
				scale *= 10;
			}
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(text, units[i].name) == 0) {
			if (whole > UINT64_MAX / 2 / units[i].ns)
				return -ERANGE;
			*ret = whole * units[i].ns + part * (units[i].ns / scale);
			return 0;
		}
	return -EINVAL;
}

void strv_done(struct strv *l)
{
	if (!l)
		return;
	strv_clear(l);
	free(l->v);
	*l = (struct strv){ 0 };
}

void strv_clear(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	l->n = 0;
	if (l->v)
		l->v[0] = NULL;
}

int strv_take(struct strv *l, char *text)
{
	char **v;

	if (!text)
		return -ENOMEM;
	v = reallocarray(l->v, l->n + 2, sizeof *v);
	if (!v) {
		free(text);
		return -ENOMEM;
	}
	l->v = v;
	v[l->n++] = text;
	v[l->n] = NULL;
	return 0;
}

int strv_add(struct strv *l, const char *text)
{
	return strv_take(l, strdup(text));
}

int strv_addf(struct strv *l, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	return strv_take(l, text);
}

bool strv_has(const struct strv *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], text) == 0)
			return true;
	return false;
}
