/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two connected stream sockets, each of which gets what the other one says until both have ended. No byte is copied: a pipe
 * holds the kernel's pages in between (splice(2)). */
#ifndef MGR_NETD_STREAM_H
#define MGR_NETD_STREAM_H

#include <stddef.h>

#include "base/loop.h"

struct stream;

struct stream_list {
	struct loop *loop;
	size_t n;
	struct stream *first;
};

/* Both are non-blocking, and its own from now on; `to` may still be connecting. 0 or -errno. */
int stream_join(struct stream_list *list, int from, int to);
/* End all of them. */
void stream_list_end(struct stream_list *list);

#endif
