/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entering a running container, from descriptors that its supervisor hands over: no name, path or pid of the host is looked
 * up on the way, so none can have changed its owner. */
#ifndef MGR_ATTACH_ATTACH_H
#define MGR_ATTACH_ATTACH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct attach_conf {
	const char *user, *group;   /* names of the guest or numbers; NULL: root, the user's own group */
	const char *cwd;            /* in the guest; NULL: the user's home, else / */
	const struct strv *env;     /* KEY=VALUE over everything else */
	bool keep_env;              /* start from the caller's environment */
	const struct strv *command; /* empty: the user's login shell */
	void (*again)(void); /* NULL, or called before this program runs itself again: a privileged container's is a copy */
};

/* Run a command inside, with our standard descriptors: those that are terminals are stood for by one pty of the container's.
 * Returns the exit code by the contract: the command's own, 128+n, 126, 127; the last two and -errno (which means 125) come
 * with err filled. */
int attach_run(const struct store *store, const char *name, const struct attach_conf *conf, struct err *err);

#endif
