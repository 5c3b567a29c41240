/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seccomp profiles in LXC's format, version 2:
 *
 *   2
 *   denylist | allowlist [ACTION]        what happens to calls that are not listed
 *   reject_force_umount                  umount2 with MNT_FORCE fails
 *   [all] | [ARCHITECTURE]               which system call interfaces the following lines are for
 *   NAME [ACTION] [[INDEX,VALUE,OP[,MASK]]...]
 *
 * ACTION: allow, log, kill, trap, errno CODE (a number or a name such as EPERM). # starts a comment at the
 * beginning of a line or after a space. */
#ifndef MGR_SECURITY_COMPILER_PROFILE_H
#define MGR_SECURITY_COMPILER_PROFILE_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PROFILE_ARGS 6

struct profile_rule {
	char name[64];
	char arch[16]; /* "all", or what seccomp_arch_resolve_name(3) takes */
	uint32_t action;
	unsigned n_args;
	struct scmp_arg_cmp args[PROFILE_ARGS];
};

struct profile {
	uint32_t otherwise; /* what happens to calls without a rule */
	size_t n;
	struct profile_rule *rules;
};

/* Parse the text (changed on the way). Errors begin with the line's number. */
int profile_parse(struct profile *p, char *text, struct err *err);
void profile_done(struct profile *p);

#endif
