/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a NIC may send to, as a configuration has it: words and networks. */
#ifndef MGR_NET_EGRESS_H
#define MGR_NET_EGRESS_H

#include "conf/conf.h"
#include "net/net.h"

extern const struct key_type key_egress; /* struct nic_egress */

/* How many networks these are; they are written there where `to` is not NULL. */
size_t egress_items(const struct nic_egress *egress, enum wire_item_kind kind, uint8_t nic, struct wire_net_item *to);

#endif
