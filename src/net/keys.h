/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_NET_KEYS_H
#define MGR_NET_KEYS_H

#include "conf/conf.h"
#include "net/forward.h"

extern const struct section net_nic_section;     /* struct net_conf */
extern const struct section net_forward_section; /* struct forward_conf */

#endif
