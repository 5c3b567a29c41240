/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port forward as text and as mgr-netd is asked for it. */
#ifndef MGR_NET_FORWARD_H
#define MGR_NET_FORWARD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "wire/net.h"

/* PROTO:[HOSTIP:]PORT[-PORT]:PORT[-PORT][,wake] or unix:/PATH:PORT, as [forward] port and --forward take it. */
int net_forward_parse(const char *text, struct wire_forward *ret, struct err *err);
void net_forward_print(const struct wire_forward *forward, struct str *out);
/* Would both listen on one address and port? */
bool net_forward_clash(const struct wire_forward *a, const struct wire_forward *b);
bool net_forward_same(const struct wire_forward *a, const struct wire_forward *b);
/* One that came over a socket: -EBADMSG when it could not have been written as text. */
int net_forward_check(const struct wire_forward *forward, struct err *err);

#endif
