/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-config: keys whose change holds at once for a container that runs. */
#ifndef MGR_CLI_CONFIG_LIVE_H
#define MGR_CLI_CONFIG_LIVE_H

#include "conf/edit.h"
#include "spec/spec.h"

/* A key (or with EDIT_UNSET a section: key.name NULL) to be changed, as it was called. */
struct config_change {
	enum edit how;
	struct conf_key key;
	const char *name, *value;
};

/* Where the container runs, what of `changes` is KEY_LIVE holds from now on, by the values of `next`, what its file is to
 * be; what -s set for the run stays. Returns whether something is left that holds only later; -errno: nothing is changed. */
int config_live(const struct store *store, const char *container, const struct config_change *changes, size_t n,
		const struct spec *next, struct err *err);

/* Would a start take its interfaces, as far as the configuration and the leases tell? What it lacks is leased. -EINVAL by
 * key. */
int config_check_network(const struct store *store, const char *container, const struct spec *spec, struct err *err);

#endif
