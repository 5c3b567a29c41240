/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tty/replay.h"

#include <string.h>

#define ESC 0x1b
#define BEL 0x07
#define ENQ 0x05

/* Reports of ECMA-48 and of xterm's "Control Sequences": DSR, DA, DECREQTPARM, DECRQM, window reports. */
static bool is_query(const char *s, size_t n)
{
	const char last = s[n - 1];

	switch (s[1]) {
	case 'Z': /* DECID */
		return true;
	case 'P': /* DECRQSS, XTGETTCAP: what a DCS says else is of no use later either */
		return true;
	case ']':
		return memchr(s, '?', n) != NULL;
	case '[':
		return last == 'n' || last == 'c' || last == 'x' || last == 't' || (last == 'p' && s[n - 2] == '$');
	default:
		return false;
	}
}

static bool is_whole(const char *s, size_t n)
{
	const char last = s[n - 1];

	if (n < 2)
		return false;
	if (s[1] == ']' || s[1] == 'P')
		return last == BEL || (n > 3 && last == '\\' && s[n - 2] == ESC);
	if (s[1] == '[')
		return n > 2 && last >= 0x40 && last <= 0x7e;
	return true;
}

size_t tty_replay_feed(struct tty_replay *r, const char *bytes, size_t n, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (r->left)
			r->left--;
		if (!r->n && (bytes[i] != ESC || !r->left)) {
			if (bytes[i] != ENQ || !r->left)
				out[len++] = bytes[i];
			continue;
		}
		r->held[r->n++] = bytes[i];
		const bool whole = is_whole(r->held, r->n);
		if (!whole && r->n < sizeof r->held)
			continue;
		if (!whole || !is_query(r->held, r->n)) {
			memcpy(out + len, r->held, r->n);
			len += r->n;
		}
		r->n = 0;
	}
	return len;
}
