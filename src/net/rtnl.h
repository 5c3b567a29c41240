/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests to the kernel's routing netlink (rtnetlink(7)), a buffer on the stack each: a start makes half a dozen, and a
 * library for it would cost more than they do. */
#ifndef MGR_NET_RTNL_H
#define MGR_NET_RTNL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rtnl_msg {
	union {
		struct nlmsghdr head;
		uint8_t bytes[1024];
	};
	bool full; /* something did not fit */
};

/* A NETLINK_ROUTE socket in the namespace `netns` (-1: the caller's). Returns it or -errno. */
int rtnl_open(int netns, struct err *err);

/* Start a request with its family header (struct ifinfomsg ...). NLM_F_REQUEST | NLM_F_ACK are added to flags. */
void rtnl_start(struct rtnl_msg *m, uint16_t type, uint16_t flags, const void *header, size_t len);
/* Bytes without an attribute around them (the header inside VETH_INFO_PEER). */
void rtnl_put_raw(struct rtnl_msg *m, const void *data, size_t len);
void rtnl_put(struct rtnl_msg *m, uint16_t attr, const void *data, size_t len);
void rtnl_put_u32(struct rtnl_msg *m, uint16_t attr, uint32_t value);
void rtnl_put_str(struct rtnl_msg *m, uint16_t attr, const char *text);
/* Open an attribute that holds others; what it returns goes to rtnl_nest_end. */
size_t rtnl_nest(struct rtnl_msg *m, uint16_t attr);
void rtnl_nest_end(struct rtnl_msg *m, size_t nest);

/* Send it and wait for the kernel's answer. 0, or the kernel's -errno, its own explanation in err where it gives one. */
int rtnl_talk(int sock, struct rtnl_msg *m, struct err *err);

/* Send a request for something, or for a list (NLM_F_DUMP in its flags), and call fn for each message of the answer. */
typedef void rtnl_each_fn(const struct nlmsghdr *h, void *data);
int rtnl_dump(int sock, struct rtnl_msg *m, rtnl_each_fn *fn, void *data, struct err *err);

/* Several requests that go in one packet, with what to say of each when it fails. Zero-initialise. */
#define RTNL_BATCH_MAX 38 /* both families: 17 addresses and a gateway each; lo, and up */
struct rtnl_batch {
	size_t n, len;
	bool full;
	uint32_t first; /* sequence number of the first */
	uint8_t bytes[6144] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* Append a request; the fields that number it are filled in. */
void rtnl_batch_add(struct rtnl_batch *b, const struct rtnl_msg *m);
/* Send them all and wait for the answers. 0, or the first failure's -errno, its place in *ret_failed. */
int rtnl_batch_talk(int sock, struct rtnl_batch *b, size_t *ret_failed, struct err *err);

struct rtnl_link {
	int index, peer, master; /* peer: index of a veth's other end, in its namespace; 0: none */
	unsigned flags;          /* IFF_* */
	uint32_t mtu, group;
	uint8_t mac[6];
	char kind[32]; /* "veth"; hardware has none */
};
/* The interface of this name. -ENODEV. */
int rtnl_find(int sock, const char *name, struct rtnl_link *ret, struct err *err);
int rtnl_find_index(int sock, int index, struct rtnl_link *ret, struct err *err);
void rtnl_read_link(const struct nlmsghdr *h, struct rtnl_link *ret);
/* A socket in the caller's namespace that hears of each interface that changes. */
int rtnl_open_watch(struct err *err);

/* An address that an interface has. */
struct rtnl_addr {
	int index;
	uint8_t family, prefix, scope;
	uint32_t flags;              /* IFA_F_* */
	uint8_t local[16], peer[16]; /* the same where there is no other end */
	bool broadcast;
};
/* A request for it; type: RTM_NEWADDR ... */
void rtnl_start_addr(struct rtnl_msg *m, uint16_t type, uint16_t flags, const struct rtnl_addr *addr);
void rtnl_read_addr(const struct nlmsghdr *h, struct rtnl_addr *ret);
/* Those of the namespace that the socket is of, each to be read by rtnl_read_addr. */
int rtnl_each_addr(int sock, rtnl_each_fn *fn, void *data, struct err *err);

#endif
