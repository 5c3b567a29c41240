/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container takes of the host that its cgroups do not count. */
#ifndef MGR_LIFE_CONSUMPTION_H
#define MGR_LIFE_CONSUMPTION_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "store/store.h"

struct traffic {                 /* UINT64_MAX: it has no network of its own */
	uint64_t received, sent; /* bytes */
	uint64_t packets_received, packets_sent;
};

/* What its configured interfaces have received and sent since its start (one of the host's since that one's), as it sees it.
 * spec: text of the configuration in force. 0, or -ENOENT when it has no network of its own or has just ended. */
int life_traffic(pid_t init, const char *spec, struct traffic *ret);

/* Bytes that it takes on disk: its root file system where something counts that, else all of its folder, where every file is
 * looked at. */
int life_disk(const struct store *store, const char *name, uint64_t *ret, struct err *err);
/* Of any folder, what is mounted below it apart. Every file is looked at. */
int life_disk_at(char *path, uint64_t *ret, struct err *err);

#endif
