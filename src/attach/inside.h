/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process of ours that works on a container's files as its root would: in its user and mount namespaces when it runs, on
 * its root file system under the same id map when it does not. What the host's root may do, that process may not. */
#ifndef MGR_ATTACH_INSIDE_H
#define MGR_ATTACH_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "store/store.h"

/* Where it works. Descriptors are -1 while there is none. */
struct inside {
	int init;   /* running: its pidfd */
	int tree;   /* at rest: its root, a detached mount */
	int userns; /* at rest: of its id map */
	int lock;   /* at rest: held, so that nobody starts it meanwhile */
	bool idmapped;
};

void inside_init(struct inside *in);
void inside_done(struct inside *in);

/* Of a running container, by its supervisor. -ESRCH when it is not running. */
int inside_running(const struct store *store, const char *name, struct inside *ret, struct err *err);

/* What the process has. */
struct inside_view {
	int root; /* O_PATH */
	int self; /* fd_self() */
	int sock; /* to who started it */
};

typedef void inside_fn(const struct inside_view *view, void *data);

/* Start the process: fn is its whole life. It is container root with no more capabilities than working on files takes, in
 * none of the container's cgroups and not in its pid namespace: nobody in there sees it, and a frozen container does not
 * stop it. No signal but SIGKILL ends it: it is to end when its socket does. *ret_sock: our end, SEQPACKET. Returns the pid.
 */
pid_t inside_start(const struct inside *in, inside_fn *fn, void *data, int *ret_sock, struct err *err);

/* The ids of a user and a group of the container's (names or numbers; NULL: root, and the user's own group). */
int inside_user(const struct inside_view *view, const char *user, const char *group, uid_t *ret_uid, gid_t *ret_gid,
		struct err *err);

#endif
