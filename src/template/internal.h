/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_TEMPLATE_INTERNAL_H
#define MGR_TEMPLATE_INTERNAL_H

#include <sys/types.h>

#include "template/template.h"

struct template_child {
	pid_t pid;
	int pidfd;
	int output; /* non-blocking */
};

/* Start the program; the caller waits for pid and closes the descriptors. */
int template_spawn(const struct template *run, struct template_child *ret, struct err *err);

/* A program's relative paths are relative to our folder: MGR_CWD, for what is started from here on. */
int template_tell_folder(void);

#endif
