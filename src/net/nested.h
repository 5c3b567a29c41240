/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network namespaces inside of a container's (private to net/). */
#ifndef MGR_NET_NESTED_H
#define MGR_NET_NESTED_H

#include <stdbool.h>

/* Is it this network namespace? */
typedef bool nested_fn(void *data, int netns);
/* The first of those that the processes in a pid namespace have, its own too, for which fn says so: a descriptor of it.
 * -ENOENT; pidns -1: none are left. */
int nested_find(int pidns, nested_fn *fn, void *data);

#endif
