/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings: growing text, lists of strings, and parsing of numbers without surprises. */
#ifndef MGR_BASE_STR_H
#define MGR_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Growing text. Zero-initialise; `text` is NULL until something was added, then always terminated. After a failed
 * allocation `failed` stays set and additions do nothing: check once, at the end. */
struct str {
	char *text;
	size_t len, cap;
	bool failed;
};

void str_done(struct str *s);
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t n);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* n bytes that somebody else wrote, safe for a terminal: what is a control character (those of U+0080 to U+009F too) or no
 * UTF-8 becomes \xNN. */
void str_add_escaped(struct str *s, const char *text, size_t n);
/* The text, "" when nothing was added. */
const char *str_text(const struct str *s);
/* Hands the allocated text over ("" when nothing was added); NULL when an allocation failed. */
char *str_steal(struct str *s);

/* Formatted, allocated; NULL when out of memory. */
char *str_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Formatted into a fixed buffer; -ENAMETOOLONG when it does not fit (the buffer is then ""). */
int str_print(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

bool str_eq(const char *a, const char *b); /* NULL equals NULL */
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* Whole text as an unsigned decimal number within [min, max]; 0, -EINVAL or -ERANGE. No sign, space or suffix. */
int str_uint(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* A size: digits with an optional K M G T (powers of 1024) and optional B or iB; bytes. 0, -EINVAL, -ERANGE. */
int str_size(const char *text, uint64_t *ret);

/* A duration: number with optional ms s m h d (seconds when none), fractions allowed; nanoseconds. 0, -EINVAL, -ERANGE. */
int str_duration(const char *text, uint64_t *ret);

/* A list of owned strings, NULL-terminated whenever v is not NULL, so that v can be an argv. Zero-initialise. */
struct strv {
	char **v;
	size_t n;
};

void strv_done(struct strv *l);
int strv_add(struct strv *l, const char *text); /* copies; 0 or -ENOMEM */
int strv_take(struct strv *l, char *text);      /* owns text, also on failure; -ENOMEM when text is NULL */
int strv_addf(struct strv *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The words of a line: blanks part them, 'single' and "double" quotes and a backslash hold them together as in a shell, and
 * nothing else means anything. -EINVAL when a quote is not closed (what was before it has been added), -ENOMEM. */
int strv_add_words(struct strv *l, const char *text);
void strv_clear(struct strv *l);
bool strv_has(const struct strv *l, const char *text);

#endif
