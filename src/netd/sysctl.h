/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the host that the managed network needs: what they were is kept in a file, and put back. */
#ifndef MGR_NETD_SYSCTL_H
#define MGR_NETD_SYSCTL_H

#include "base/err.h"

/* Set `key` ("net/ipv4/ip_forward") and record in the folder dir what it was, unless it has that value already. */
int sysctl_set(int dir, const char *key, const char *value, struct err *err);
/* Set it for an interface of ours, which takes it along when it goes. Absent is 0. */
int sysctl_set_own(const char *interface, const char *family, const char *key, const char *value, struct err *err);
/* Put back what was recorded, where it still has the value that was set. */
void sysctl_restore(int dir);

/* Forward IPv6, and let every interface of the host that takes router advertisements go on taking them: a router ignores
 * them otherwise, and the host would lose its default route. own: the interface that is not to be asked. */
int sysctl_forward6(int dir, const char *own, struct err *err);

#endif
