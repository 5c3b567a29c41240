/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a log on its way to standard output: what of it is wanted, and nothing that a terminal would act on. */
#ifndef MGR_CLI_LOG_TEXT_H
#define MGR_CLI_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

struct log_text {
	bool console;         /* lines of a guest, which have neither time nor level */
	char since[32];       /* "2026-01-31T12:00:00.000000Z": nothing older; "": all */
	enum log_level least; /* nothing less severe */

	/* private */
	struct str rest; /* of what came last, until it is whole */
	bool hides;      /* lines without a time of their own: they go with the one above */
};

/* "10m", so long ago; or "2026-01-31T12:00:00Z" and parts of it, in UTC with the Z, else in local time. */
int log_text_since(struct log_text *t, const char *value, struct err *err);

/* Print what is wanted of these bytes, the next of the log. */
void log_text_add(struct log_text *t, const char *bytes, size_t n);
/* And what is left of an unfinished line. */
void log_text_end(struct log_text *t);

#endif
