/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnsmasq: DHCP and DNS of the managed network. It sees nothing of the host's configuration, answers on the bridge alone,
 * and reads a container's two files as they come, without a restart. */
#ifndef MGR_NETD_DNS_H
#define MGR_NETD_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/str.h"
#include "netd/bridge.h"
#include "netd/resolvers.h"

struct dns {
	const struct bridge *bridge;
	struct loop *loop;
	int net;               /* the network's folder */
	char *domain;          /* of the containers' names */
	struct strv resolvers; /* asked for all others; none: the host's */

	/* private */
	char *path; /* its dns folder */
	int dir, hosts, dhcp;
	pid_t pid; /* 0: does not run */
	int pidfd;
	uint64_t started, delay;
	struct loop_io *io;
	struct loop_timer retry;
	struct resolvers_watch *watch;
	struct dns_forget *forget;
	uint8_t (*macs)[6]; /* by the address's last 16 bits: whose DHCP lease it may be since dnsmasq runs */
	struct err err;     /* why it does not run */
};

struct dns_entry {
	const char *name, *uuid;
	uint8_t mac[6];
	struct in_addr ipv4;
	struct in6_addr ipv6; /* ::: none */
};

/* folder: the network's. Makes the files' folders; runs nothing. */
int dns_init(struct dns *dns, const char *folder, struct err *err);
/* Run dnsmasq, or adopt the one that runs, and run it again whenever it ends. Returns when it answers. */
int dns_start(struct dns *dns, struct err *err);
/* The same, now or as soon as it can be run. */
void dns_keep_trying(struct dns *dns);
/* End it and run another (the bridge is not the same). */
int dns_restart(struct dns *dns, struct err *err);
/* End it and remove its files. */
void dns_stop(struct dns *dns);
void dns_done(struct dns *dns); /* dnsmasq runs on */

/* The container's name resolves, and it gets its address by DHCP, when this returns. */
int dns_add(struct dns *dns, const struct dns_entry *entry, struct err *err);
/* Absent is 0. */
void dns_remove(struct dns *dns, const char *uuid);
/* Who is asked for the names of other networks: lines of dnsmasq's, as dns_servers_lines makes them. */
int dns_set_servers(struct dns *dns, const char *lines, struct err *err);
/* Remove every entry whose uuid is not known. */
void dns_sweep(struct dns *dns, bool (*known)(const char *uuid, const void *data), const void *data);

#endif
