/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hook prints: lines of the log. A start hook is the guest's, so there is an end to how much. */
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "hook/internal.h"

#define LOGGED_MOST ((size_t)64 << 10) /* bytes, of one hook */

static void log_line(struct hook_output *out)
{
	autocall(str_done) struct str text = { 0 };

	str_add_escaped(&text, out->line, out->n);
	out->n = 0;
	if (text.failed || text.len == 0)
		return;
	str_print(out->last, sizeof out->last, "%.*s", (int)sizeof out->last - 1, text.text);
	if (out->logged > LOGGED_MOST)
		return;
	out->logged += text.len;
	if (out->logged > LOGGED_MOST)
		log_warn("%s: has printed more than %zu bytes: the rest is left out", out->who, LOGGED_MOST);
	else
		log_info("%s: %s", out->who, text.text);
}

void hook_output_add(struct hook_output *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n')
			out->line[out->n++] = bytes[i];
		if (bytes[i] == '\n' || out->n == sizeof out->line)
			log_line(out);
	}
}

void hook_output_end(struct hook_output *out)
{
	log_line(out);
}
