/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_NETD_DNS_RUN_H
#define MGR_NETD_DNS_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "netd/dns.h"

/* Run dnsmasq on the files in its folder, or adopt the one that runs on the same ones. Returns its pid once it answers. It
 * is not our child. */
pid_t dns_run(const struct dns *dns, bool *ret_adopted, struct err *err);

/* Write its configuration; 1 when it was there already. */
int dns_write_config(const struct dns *dns, struct err *err);
/* The pid of the one that runs on these files, or 0. */
pid_t dns_running(const struct dns *dns);

#endif
