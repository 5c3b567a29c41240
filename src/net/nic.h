/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file a type of NIC (private to net/). Each makes it in the container's namespace and gives its index there. */
#ifndef MGR_NET_NIC_H
#define MGR_NET_NIC_H

#include "net/net.h"
#include "net/rtnl.h"

/* The two namespaces' sockets. */
struct sides {
	int host, guest;
	int netns;
};

/* What the undo record must not be given for: a name of the user's that is taken. */
int veth_check(int host, const struct net_nic *nic, struct err *err);
int veth_make(const struct sides *s, const struct net_nic *nic, int *ret_index, struct err *err);
/* Delete the veth of this name and wait until the kernel is done with it. Absent is 0. */
int veth_delete_now(int sock, const char *name, struct err *err);

/* The network namespace stays, by a mount in the runtime folder, until what must not end with it is out of it. */
#define PIN_LINE "netns:" /* of the undo record */
int nic_pin(const struct sides *s, const struct net_record *record, struct err *err);
/* A descriptor of it, or -errno. */
int nic_pinned(int rundir);
int nic_unpin(int rundir, struct err *err);

/* Both write the record's lines first; their number in the container is nic->number. */
#define MACVLAN_LINE "macvlan:" /* MACVLAN_LINE NUMBER */
int macvlan_make(const struct sides *s, const struct net_nic *nic, const struct net_record *record, struct err *err);
int macvlan_remove(int rundir, const char *line, struct err *err);

#define PHYS_LINE "phys:" /* PHYS_LINE NAME ... */
int phys_make(const struct sides *s, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	      struct err *err);
int phys_back(int rundir, const char *line, struct err *err);

#endif
