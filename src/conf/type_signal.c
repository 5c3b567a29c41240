/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A signal by name (SIGPWR, PWR, SIGRTMIN+3, RTMAX-1) or number. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"

/* The kernel's first and last: the C library keeps two real-time signals to itself, and its SIGRTMIN is what names mean. */
static int realtime(const char *text)
{
	uint64_t n = 0;

	if (strncasecmp(text, "RTMIN", 5) == 0 && (!text[5] || (text[5] == '+' && str_uint(text + 6, 0, 64, &n) == 0)))
		n += (uint64_t)SIGRTMIN;
	else if (strncasecmp(text, "RTMAX", 5) == 0 && !text[5])
		n = (uint64_t)SIGRTMAX;
	else if (strncasecmp(text, "RTMAX-", 6) == 0 && str_uint(text + 6, 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &n) == 0)
		n = (uint64_t)SIGRTMAX - n;
	else
		return 0;
	return n <= (uint64_t)SIGRTMAX ? (int)n : 0;
}

static int signal_number(const char *text)
{
	uint64_t n;

	if (str_uint(text, 1, (uint64_t)SIGRTMAX, &n) == 0)
		return (int)n;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *name = sigabbrev_np(sig);
		if (name && strcasecmp(name, text) == 0)
			return sig;
	}
	return realtime(text);
}

static int parse_signal(const struct key *key, void *field, const char *text, struct err *err)
{
	int sig = signal_number(text);

	(void)key;
	if (!sig)
		return err_set(err, EINVAL, "'%s' is not a signal such as SIGPWR, SIGRTMIN+3 or a number from 1 to %d", text,
			       SIGRTMAX);
	*(int *)field = sig;
	return 0;
}

static bool print_signal(const struct key *key, const void *field, size_t i, struct str *out)
{
	int sig = *(const int *)field;
	const char *name = sigabbrev_np(sig);

	(void)key;
	if (i > 0 || !sig)
		return false;
	if (name)
		str_addf(out, "SIG%s", name);
	else if (sig >= SIGRTMIN)
		str_addf(out, "SIGRTMIN+%d", sig - SIGRTMIN);
	else
		str_addf(out, "%d", sig);
	return true;
}

const struct key_type key_signal = { "signal", sizeof(int), parse_signal, print_signal, NULL };
