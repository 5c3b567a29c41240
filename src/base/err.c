/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void one_line(char *msg)
{
	for (char *p = msg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
}

__attribute__((format(printf, 4, 0))) static void fill(struct err *err, int code, const char *tail, const char *fmt,
						       va_list ap)
{
	char text[sizeof err->msg];
	size_t used;

	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	one_line(text);
	err->code = code;
	used = strlen(text);
	memcpy(err->msg, text, used + 1);
	if (tail)
		snprintf(err->msg + used, sizeof err->msg - used, ": %s", tail);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		fill(err, code, NULL, fmt, ap);
		va_end(ap);
	}
	return -code;
}

/* Whatever mgr can do without, it does without. */
static const char *reason(int code)
{
	return code == ENOSYS ? "the kernel is too old for it, or a filter hides it (mgr-checkconfig says more)"
			      : strerror(code);
}

int err_sys(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		fill(err, code, reason(code), fmt, ap);
		va_end(ap);
	}
	return -code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	struct err inner;
	va_list ap;

	if (!err)
		return -EIO;
	inner = *err;
	va_start(ap, fmt);
	fill(err, inner.code ? inner.code : EIO, inner.code ? inner.msg : NULL, fmt, ap);
	va_end(ap);
	return -err->code;
}

int err_nomem(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

void err_clear(struct err *err)
{
	if (err)
		*err = (struct err){ 0 };
}
