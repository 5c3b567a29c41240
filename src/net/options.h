/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of a NIC's other keys. */
#ifndef MGR_NET_OPTIONS_H
#define MGR_NET_OPTIONS_H

#include "conf/conf.h"

extern const struct key_type key_rate;          /* uint64_t, bits a second; not set: 0 */
extern const struct key_type key_untagged_vlan; /* uint16_t, or VLAN_NONE */
extern const struct key_type key_vlans;         /* struct nic_vlans */

#endif
