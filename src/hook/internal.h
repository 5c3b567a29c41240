/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_HOOK_INTERNAL_H
#define MGR_HOOK_INTERNAL_H

#include "hook/hook.h"

/* What belongs to one point of the container's life. */
struct hook_call {
	const char *section; /* "lxc", as scripts expect it, or "net" */
	const char *type;    /* "pre-start", "up" */
	const char *rootfs_mount;
	const char *net_type, *net_device; /* NULL: not of an interface */
	uint64_t timeout;
};

/* Append the variables, and what follows a command's own arguments. -1 when out of memory. */
int hook_environment(const struct hook_facts *facts, const struct hook_call *call, struct strv *env);
int hook_arguments(const struct hook_facts *facts, const struct hook_call *call, struct strv *argv, struct strv *env);

/* --- output.c -------------------------------------------------------------------------------------------------------- */

#define HOOK_LINE 800 /* bytes; a longer one is several in the log */

struct hook_output {
	const char *who; /* the hook, for the log */
	char line[HOOK_LINE];
	size_t n;
	char last[200]; /* the last line that was not empty, as much as fits; "" */
	size_t logged;  /* bytes */
};

/* Log every line that is complete; at the end also what is left. */
void hook_output_add(struct hook_output *out, const char *bytes, size_t n);
void hook_output_end(struct hook_output *out);

#endif
