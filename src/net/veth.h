/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_NET_VETH_H
#define MGR_NET_VETH_H

#include "base/err.h"

/* Delete the veth of this name and wait until the kernel is done with it. Absent is 0. */
int veth_delete_now(int sock, const char *name, struct err *err);

#endif
