/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-device knows of a kind of device in a configuration (private to life/). */
#ifndef MGR_LIFE_DEVICE_KIND_H
#define MGR_LIFE_DEVICE_KIND_H

#include "life/device.h"

/* A configuration that has changed, to be taken back. */
struct device_kept {
	char *was; /* NULL: it has not */
	struct str now;
};

struct device_kind {
	const char *name;
	/* Into the configuration. ret: its name as mgr-boot has chosen it, when it is there already (live); else it is
	 * chosen here. */
	int (*keep)(const struct store *store, const char *name, const struct life_device *change, bool live,
		    char ret[static WIRE_DEVICE_TEXT], struct err *err);
	/* Out of it, if it is there: -ENOENT when it is nowhere, as far as can be told from here. runs: there may be such in
	 * force. ret: its name, or "" when it has none but what it was called. */
	int (*drop)(const struct store *store, const char *name, const struct life_device *change, bool runs,
		    struct device_kept *ret_kept, char ret[static WIRE_DEVICE_TEXT], struct err *err);
};

extern const struct device_kind device_nic, device_bind;

#endif
