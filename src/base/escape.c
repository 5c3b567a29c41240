/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

/* Bytes of the character of UTF-8 at p, of at most n; 0 when there is none (RFC 3629), or when it is a control character. */
static size_t printable(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char mask, lead;
		unsigned least;
	} forms[] = { { 0x80, 0x00, ' ' }, { 0xe0, 0xc0, 0xa0 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

	for (size_t len = 1; len <= 4 && len <= n; len++) {
		unsigned c = p[0] & (unsigned char)~forms[len - 1].mask;
		if ((p[0] & forms[len - 1].mask) != forms[len - 1].lead)
			continue;
		for (size_t i = 1; i < len; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[i] & 0x3f);
		}
		return c < forms[len - 1].least || c == 127 || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? 0 : len;
	}
	return 0;
}

void str_add_escaped(struct str *s, const char *text, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		len = printable((const unsigned char *)text + i, n - i);
		if (len)
			str_addn(s, text + i, len);
		else
			str_addf(s, "\\x%02x", (unsigned char)text[i]);
		len = len ? len : 1;
	}
}
