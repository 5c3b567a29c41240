/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [net.N] of a container as mgr-device names it: "link=br0,ipv4.address=10.0.0.5/24,name=eth1", as few words as one likes.
 */
#ifndef MGR_SPEC_DEVICE_H
#define MGR_SPEC_DEVICE_H

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

/* The pieces of such words: "KEY=VALUE"; one without a key, ",VALUE", is another value of the list before it. Adds to ret.
 */
int spec_pieces(char *const words[], struct strv *ret, struct err *err);

/* The number that a new NIC gets: the one that "index=N" wants, else the first for which neither has a NIC nor is the name
 * taken. -EEXIST, -ENOSPC. */
int spec_nic_number(const struct spec *running, const struct spec *configured, const struct strv *pieces, unsigned *ret,
		    struct err *err);
/* What the pieces say as assignments, "net.1.link=br0", its type always among them; and set in spec. */
int spec_nic_add(struct spec *spec, const struct strv *pieces, unsigned number, struct strv *ret_sets, struct err *err);

/* The one NIC that is called so: by its number, "net.1", its name inside, or any values that it has. -ENOENT, -EINVAL when
 * there are several. */
int spec_nic_find(const struct spec *spec, const struct strv *pieces, unsigned *ret, struct err *err);
/* Take it out. */
int spec_nic_drop(struct spec *spec, unsigned number, struct err *err);

const struct nic_conf *spec_nic(const struct spec *spec, unsigned number);

#endif
