/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a container that runs, one more or one less (private to boot/).
 *
 * The run's assignments say what is to be there (boot/assign.h), "spec" what is, the undo record what was made. They differ
 * while a change is under way; settle makes the latter two as the first says, whatever point a change was left at. */
#ifndef MGR_BOOT_DEVICE_H
#define MGR_BOOT_DEVICE_H

#include "boot/internal.h"
#include "wire/device.h"

struct device_change {
	struct boot *b;         /* spec: what is in force */
	struct spec configured; /* for its next start */
	char *const *words;     /* what is asked for */
	struct strv pieces;     /* of it (spec/device.h): nic */
	int init_pidfd;
	bool after_crash;           /* of an earlier change: nothing more is asked for */
	bool is_known;              /* b->spec has been read */
	int netd;                   /* connection to mgr-netd, -1: none */
	struct wire_net_join *join; /* what mgr-netd is to know; NULL: nothing, it is not on the managed network */
	size_t join_len;
	bool told;                   /* and does */
	char text[WIRE_DEVICE_TEXT]; /* what has come or gone */
};

/* A kind that mgr-device knows: one row, and a file of its own. */
struct device_kind {
	const char *name;
	int (*add)(struct device_change *c, struct err *err);
	int (*del)(struct device_change *c, struct err *err);
	/* begins: before anything else of this change, for what an earlier one has left. */
	int (*settle)(struct device_change *c, bool begins, struct err *err);
};

extern const struct device_kind device_nic, device_bind;

/* The run's assignments: the section has these values from now on, or is not there (NULL). */
int device_assign(const struct device_change *c, const char *section, const struct strv *sets, struct err *err);
/* What neither its configuration names nor what is in force (NULL: nothing is) is free again, unless the former is just
 * being changed: there may be more than it says. */
int device_give_back(const struct store *store, const char *name, const struct spec *running, struct err *err);
/* The run is over: what was its alone is given back. */
void device_forget(const struct down *d);
/* Of the container's init. */
int device_open_namespace(const struct device_change *c, const char *kind, struct err *err);
int device_save_spec(const struct device_change *c, struct err *err);
/* resolver.c: the guest's resolv.conf, as at a start, names the resolver that the container has by now. */
void device_write_resolver(const struct device_change *c, const struct net_plan *plan);

#endif
