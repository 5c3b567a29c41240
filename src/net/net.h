/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridge, veth, addresses, leases, port forwards: a container's network, as configured and as the kernel has it. */
#ifndef MGR_NET_NET_H
#define MGR_NET_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/leases.h"
#include "store/store.h"
#include "wire/net.h"
#include "wire/wire.h"

enum nic_type {
	NIC_VETH,
	NIC_HOST,
	NIC_EMPTY,
	NIC_MACVLAN,
	NIC_PHYS,
	NIC_IPVLAN,
	NIC_VLAN,
};

enum nic_mode { /* of a macvlan */
		MODE_PRIVATE,
		MODE_VEPA,
		MODE_BRIDGE,
		MODE_PASSTHRU,
};

struct nic_addr {
	uint8_t family; /* 0: none */
	uint8_t addr[16];
	uint8_t prefix;
};

#define NICS_MAX      16
#define NIC_ADDRS_MAX 16 /* of each family */

/* All zeros: the default, which is the lease. */
struct nic_addrs {
	bool lease; /* its value is in the lease registry */
	bool none;
	uint8_t n;
	struct nic_addr v[NIC_ADDRS_MAX];
};

struct nic_gateway {
	bool none;   /* not even the managed network's own */
	bool link;   /* "auto": the address of the link on the host */
	bool device; /* "dev": whatever is out there is asked for on the interface itself */
	struct nic_addr addr;
};

enum nic_ipvlan {
	IPVLAN_L3,
	IPVLAN_L3S,
	IPVLAN_L2,
};

enum nic_isolation {
	IPVLAN_BRIDGE,
	IPVLAN_PRIVATE,
	IPVLAN_VEPA,
};

enum nic_veth {
	VETH_BRIDGE,
	VETH_ROUTER, /* no bridge: the host routes to its addresses, and answers for its gateways */
};

/* Networks: no bit is set behind the prefix. */
#define NIC_ROUTES_MAX 16
struct nic_routes {
	uint8_t n;
	struct nic_addr v[NIC_ROUTES_MAX];
};

#define NIC_EGRESS_MAX 32
struct nic_egress {
	uint8_t n;
	struct nic_reach {
		int word; /* which one (egress.c), or a network when below 0 */
		struct nic_addr net;
	} v[NIC_EGRESS_MAX];
};

#define NIC_VLANS_MAX 32
struct nic_vlans { /* of a bridge's port */
	uint8_t n;
	uint16_t v[NIC_VLANS_MAX];
};

#define VLAN_UNSET 0
#define VLAN_NONE  UINT16_MAX /* no untagged packets */

/* What is configured as the kernel is to have it. */
struct nic_options {
	enum nic_mode mode;
	enum nic_ipvlan ipvlan;
	enum nic_isolation isolation;
	uint32_t vlan; /* of type vlan; 0: not set */
	enum nic_veth veth;
	struct nic_routes routes4, routes6; /* of the host's, to the container */
	uint16_t untagged;                  /* VLAN of a bridge's port, VLAN_UNSET or VLAN_NONE */
	struct nic_vlans tagged;
	uint64_t ingress, egress; /* bits a second into the container and out of it; 0: as they come */
	bool isolated;            /* on a managed network: nothing between it and other containers */
	bool host_access;         /* the host's own services are reached */
	struct nic_egress deny, allow;
};

struct nic_conf {
	unsigned index; /* N of [net.N] */
	enum nic_type type;
	char *network; /* managed one that it is on, instead of a link; NULL: the default one */
	char *link; /* bridge, or interface of the host; NULL or "mgrbr0" as shipped: the managed bridge; "none": no bridge
		     */
	char *name; /* in the container; eth<N> when NULL, of a physical one its own */
	char *pair; /* host end of a veth; made of the uuid when NULL */
	uint8_t hwaddr[6];
	bool has_hwaddr;
	uint32_t mtu; /* 0: the bridge's */
	bool down;    /* flags without "up" */
	struct nic_options opt;
	struct nic_addrs ipv4, ipv6;
	struct nic_gateway ipv4_gateway, ipv6_gateway;
	char *script_up, *script_down; /* commands; NULL: none */
};

struct forward_conf {
	size_t n;
	struct wire_forward *v;
};

struct net_conf {
	size_t n;
	struct nic_conf *v; /* by index */
	struct forward_conf forward;
};

/* --- a start's network ------------------------------------------------------------------------------------------------
 * In this order: net_plan reads; net_begin asks mgr-netd, which then works while the container is made; net_up makes the
 * NICs once the network namespace is there, and has each written into the undo record before; net_finish waits for what
 * mgr-netd says. */

/* One NIC as the kernel is to have it: nothing left to look up. */
struct net_nic {
	unsigned index; /* N of [net.N] */
	enum nic_type type;
	char veth[16]; /* host end; of no veth: "" */
	bool own_pair; /* the user has named the host end */
	char ifb[16];  /* of the rate of what comes out */
	char link[16]; /* bridge that the host end joins, or "": none; the macvlan's lower one, the physical one */
	bool managed;  /* the bridge is mgr-netd's: link is set by net_up */
	char network[LEASE_NETWORK];
	bool leased6;  /* has the IPv6 address that goes with its IPv4 one */
	char name[16]; /* in the container */
	bool has_mac;
	uint8_t mac[6];
	uint32_t mtu; /* 0: the bridge's */
	bool down;
	struct nic_options opt;
	uint32_t number; /* that it gets in the container, when it is not a veth */
	size_t n_addrs;
	struct nic_addr addrs[2 * (NIC_ADDRS_MAX + 1)];
	struct nic_addr gateway, gateway6;
	struct nic_via {
		bool link;   /* to be what the link has on the host */
		bool device; /* without one, the interface itself */
	} via, via6;
};

struct net_plan {
	bool host; /* shares the host's network: no network namespace; nothing below is set */
	size_t n;
	struct net_nic *nics;
	struct in_addr resolver;    /* 0.0.0.0: none is known */
	char domain[LEASE_DOMAIN];  /* of its names */
	struct wire_net_join *join; /* NULL: not on the managed network; else for the handover, as it is */
	size_t join_len;
	int conn;    /* to mgr-netd, -1 before net_begin; it stands for the container: hand it to the supervisor */
	bool joined; /* mgr-netd has answered */
	const struct store *store; /* as given to net_plan, which must outlive the plan */
};

/* What the configuration and the registry of leases say. Makes nothing. uuid: 36 characters. -EINVAL for what cannot be
 * made, -ENOENT when the container has no lease. */
int net_plan(struct net_plan *plan, const struct net_conf *conf, const struct store *store, const char *name,
	     const char *uuid, struct err *err);
/* The same without what net_claim does: for who only shows it. */
int net_look(struct net_plan *plan, const struct net_conf *conf, const struct store *store, const char *name,
	     const char *uuid, struct err *err);
/* Frees it and closes the connection (steal_fd(&plan->conn) keeps it). Takes one that is all zeros. */
void net_plan_done(struct net_plan *plan);

/* Ask mgr-netd for the container's part in the managed network, without waiting; starts it when nobody listens. Nothing to
 * do without a join: 0. */
int net_begin(struct net_plan *plan, uint64_t deadline, struct err *err);

/* How net_up has a line written into the undo record, before it makes what the line tells of. */
typedef int net_record_fn(void *data, const char *line, struct err *err);

struct net_record {
	net_record_fn *fn;
	void *data;
	int rundir; /* the container's runtime folder */
};

/* Bring up lo and make every NIC, configured, in the network namespace that the descriptor refers to; waits for mgr-netd
 * first when the managed bridge is not there yet. The caller's own namespace is left as it was. -ENODEV when a bridge does
 * not exist, naming it. */
int net_up(struct net_plan *plan, int netns, const struct net_record *record, uint64_t deadline, struct err *err);

/* The same for one NIC of the plan, while the container runs. -EEXIST when there is one of its name inside. */
int net_up_nic(struct net_plan *plan, const struct net_nic *nic, int netns, const struct net_record *record,
	       uint64_t deadline, struct err *err);

/* The network namespace stays until the record is undone, so that what is to be done before that finds its interfaces. */
int net_keep_namespace(int netns, const struct net_record *record, struct err *err);

/* net_begin and net_finish on a connection that there is already (owned; -1: none), in plan->conn from then on. */
int net_rejoin(struct net_plan *plan, int conn, uint64_t deadline, struct err *err);

/* Wait until the container's name resolves and its forwards are in force. -EADDRINUSE names the holder of a port. */
int net_finish(struct net_plan *plan, uint64_t deadline, struct err *err);

/* Make /etc/resolv.conf name the resolver and the domain, in the root folder that the descriptor refers to (links resolved
 * inside it; one into /run gets its target made). Call with fsuid/fsgid = container root, once /run is mounted. A file that
 * the guest wrote itself is left alone. */
int net_resolv_conf(int root, struct in_addr resolver, const char *domain, struct err *err);

/* --- undo -------------------------------------------------------------------------------------------------------------
 */

/* Undo one line of the record, as net_up wrote it. A veth is gone when this returns, though a child, which init inherits,
 * waits on for the kernel to be done with it; a physical interface is back as it was. rundir: the container's runtime
 * folder. pidns: its pid namespace where its processes live on, else -1. Absent is 0. */
int net_down(int rundir, int pidns, const char *line, struct err *err);
/* Was it written for that NIC, and is to be undone when it goes? */
bool net_line_is_of(const char *line, unsigned nic);
/* mgr-netd forgets the container: its name, its forwards and their established flows are gone when this returns. 0 when no
 * mgr-netd runs that could know it. */
int net_leave(const struct store *store, const char *uuid, uint64_t deadline, struct err *err);

/* Let the host's end of a container's veth be a port of this bridge, as net_up makes it one. Absent is 0. */
int net_join_bridge(const char *veth, const char *bridge, struct err *err);

/* --- talking to mgr-netd ----------------------------------------------------------------------------------------------
 * Needs the C library only (no libnl): for the supervisor and mgr-net too. */

/* A connection; mgr-netd is started when nobody listens and `start`. -ECONNREFUSED when nobody does. */
int net_connect(const struct store *store, bool start, uint64_t deadline, struct err *err);
/* Connect (and start) and send a join, without waiting for the answer. Returns the connection. */
int net_join(const struct store *store, const struct wire_net_join *join, uint64_t deadline, struct err *err);
/* It, or another request that has a join, alone. */
int net_send_join(int conn, enum wire_type type, const struct wire_net_join *join, struct err *err);
/* The answer to net_join. */
int net_joined(int conn, uint64_t deadline, struct err *err);

/* --- waiting for a connection (wire_forward's option wake) -------------------------------------------------------------
 * Of containers that are stopped. */

#define NET_WAKE_FOLDER ".wake" /* in run/.net: a file a container that waits, by its uuid */

/* Does it wait, when it is stopped? */
bool net_waits(const struct store *store, const char *uuid);
/* It waits from now on, with the forwards of the plan that say so; mgr-netd is started when nobody listens. Without any such
 * forward it waits no more. -EADDRINUSE naming who has one of its ports. */
int net_await(const struct net_plan *plan, const char *uuid, uint64_t deadline, struct err *err);
/* It waits no more. */
int net_forget(const struct store *store, const char *uuid, uint64_t deadline, struct err *err);

/* What mgr-net does, of a network ("": the default one): ask for one of WIRE_NET_STATUS, WIRE_NET_UP (starts it),
 * WIRE_NET_DOWN and WIRE_NET_REPAIR (start it too when the last one was killed: there is something to clear up, or to mend).
 * reply has room for size bytes. -ECONNREFUSED when nobody listens. */
int net_ask(const struct store *store, enum wire_type type, const char *network, void *reply, size_t size, uint64_t deadline,
	    struct err *err);

/* Nobody listens, though nobody has ended it: it is started again by the next who needs it. */
bool net_was_killed(const struct store *store);

/* Is its host end on the managed bridge, and has it the container's leased address there? */
bool net_is_managed(const struct nic_conf *nic);
bool net_takes_lease(const struct nic_conf *nic);
/* The managed network of a NIC that is on one; "": the default one. */
const char *net_network(const struct nic_conf *nic);
/* Its name in the container. */
int net_nic_name(const struct nic_conf *nic, char ret[static 16]);

/* What of the keys of NICs does not go together, by key: -EINVAL. */
int net_check(const struct net_conf *conf, struct err *err);
/* The container's lease on the network of a NIC that takes one; it is reserved when there is none yet. */
int net_lease(const struct nic_conf *nic, const struct store *store, const char *name, const char *uuid, struct lease *ret,
	      struct err *err);

/* Reserve the addresses that the configuration names on managed networks, so that they are nobody else's. -EADDRINUSE names
 * the holder, -EINVAL what cannot be a container's there. */
int net_claim(const struct net_conf *conf, const struct store *store, const char *name, const char *uuid, struct err *err);

/* Lease it the addresses that the configuration wants and it has not. */
int net_reserve(const struct net_conf *conf, const struct store *store, const char *name, const char *uuid, struct err *err);
/* Free what it has and none of these n configurations names. */
int net_unclaim(const struct net_conf *const confs[], size_t n, const struct store *store, const char *uuid,
		struct err *err);

/* Make what holds rates, in the network namespace of the caller: does the kernel have it? */
int net_try_rates(struct err *err);

/* Has the host IPv6, and is it enabled there for new interfaces? (To disable it for all disables it for them.) */
bool net_has_ipv6(void);

/* "veth" */
const char *net_type_name(enum nic_type type);

/* The bridge of a network for which mgr.conf names none: "mgrbr0", or "mgrbr-ID" for a manager of its own; "mgr-NAME", or
 * with ten digits of a hash where that is too long or the manager's own. */
void net_bridge_name(const struct store *store, const char *network, char ret[static 16]);
/* The folder of a network, run/.net or run/.net/networks/NAME, allocated; NULL: no memory. A link in it, while the network
 * is there, says what its bridge is called. */
char *net_folder(const struct store *store, const char *network);
#define NET_BRIDGE_LINK "bridge"

#endif
