/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that is to be seen of a container: what mgr-info and mgr-ls show. */
#ifndef MGR_LIFE_LOOK_H
#define MGR_LIFE_LOOK_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "life/consumption.h"
#include "store/last.h"
#include "store/store.h"
#include "wire/wire.h"

struct look {
	char uuid[37]; /* "" when the configuration has none */
	struct wire_status status;
	struct strv ipv4, ipv6; /* of every interface but lo; no link-local ones */
	char *label;            /* what AppArmor calls its init; NULL: it is not confined */
	struct strv forwards;   /* in force, or configured when it does not run */
	bool waits;             /* when it is stopped, a connection starts it */
	bool silent;            /* its supervisor does not answer: what it alone knows is missing */
	bool has_usage, has_pressures, has_last;
	struct traffic traffic;   /* by the network */
	char *backend;            /* how its root file system is stored; NULL: its configuration does not say */
	char *root;               /* where; likewise */
	char *filesystem;         /* that it is, or stands on: "ext4"; NULL: it is the host's */
	uint64_t partition;       /* of the disk in `root` that is; 0: all of it; UINT64_MAX: there is no disk */
	uint64_t filesystem_size; /* bytes; UINT64_MAX */
	struct strv images;       /* that it stands on, each on the next one */
	struct strv volumes;      /* "/srv/data:/data (rbind,ro)": what else it sees, in force when it runs */
	uint64_t disk;            /* bytes that it takes; UINT64_MAX when not looked at */
	uint64_t disk_limit;      /* bytes that its root file system may have, as configured; UINT64_MAX: no limit */
	uint64_t uptime;          /* ns since its init was started; UINT64_MAX when it does not run */
	struct cgroup_usage usage;
	struct cgroup_pressures pressures; /* with has_pressures */
	struct last last;
};

enum look_what {
	LOOK_IPS = 1 << 0,
	LOOK_CONFIG = 1 << 1, /* uuid, forwards, the root file system */
	LOOK_USAGE = 1 << 2,
	LOOK_LAST = 1 << 3,
	LOOK_TRAFFIC = 1 << 4,
	LOOK_PRESSURES = 1 << 5,
	LOOK_LABEL = 1 << 6,
	LOOK_STANDS = 1 << 7, /* with LOOK_CONFIG: what its root is, and what is mounted in it */
	LOOK_ALL = (1 << 8) - 1,
	LOOK_DISK = 1 << 8, /* takes its time: every file is looked at */
};

#define LOOK_PATIENCE CLOCK_SECOND /* with a supervisor */

/* host: from cgroup_host; NULL when neither usage nor pressures are wanted. asked: what life_ask returned, which is closed.
 * The status is looked at always; `what`: the other parts. What cannot be seen is left empty. */
int look_at(const struct cgroup *host, const struct store *store, const char *name, int asked, uint64_t deadline,
	    unsigned what, struct look *ret, struct err *err);
void look_done(struct look *look);

/* The values of "section.key" in force, or of the next start when it does not run; appends. What is not set has none. */
int look_key(const struct store *store, const char *name, const char *key, struct strv *ret, struct err *err);

#endif
