/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of the user's that has its name once it is whole: whatever is interrupted before leaves what was there. */
#ifndef MGR_LIFE_WHOLE_H
#define MGR_LIFE_WHOLE_H

#include <stdbool.h>

#include "base/err.h"

struct whole {
	int fd;           /* to write */
	const char *path; /* stays the caller's */
	char *made;       /* it is here meanwhile, where it has to be somewhere */
	bool direct;      /* no file, or no ordinary one: it is written as it is */
};

int whole_open(struct whole *w, const char *path, struct err *err);
int whole_commit(struct whole *w, struct err *err);
/* Without a commit nothing has happened. */
void whole_done(struct whole *w);

#endif
