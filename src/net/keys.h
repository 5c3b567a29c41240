/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_NET_KEYS_H
#define MGR_NET_KEYS_H

#include "conf/conf.h"
#include "wire/net.h"

extern const struct section net_nic_section;     /* struct net_conf */
extern const struct section net_forward_section; /* struct forward_conf */

/* PROTO:[HOSTIP:]PORT[-PORT]:PORT[-PORT], as [forward] port and --forward take it. */
int net_forward_parse(const char *text, struct wire_forward *ret, struct err *err);
void net_forward_print(const struct wire_forward *forward, struct str *out);
/* Would both listen on one address and port? */
bool net_forward_clash(const struct wire_forward *a, const struct wire_forward *b);

#endif
