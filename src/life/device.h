/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a container, while it runs and as it is configured. */
#ifndef MGR_LIFE_DEVICE_H
#define MGR_LIFE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"
#include "wire/device.h"

struct life_device {
	bool del;
	bool save;                /* in its configuration too; alone when it is stopped */
	const struct strv *words; /* as WIRE_DEVICE has them: VERB KIND WORD... */
};

/* ret: the name of what came or went, "net.1"; "" when it is called what it was asked for by. Both places or neither: what
 * cannot be kept does not stay, and what cannot go stays configured. -ENOTCONN when it does not run, without `save`. */
int life_device(const struct store *store, const char *name, const struct life_device *change,
		char ret[static WIRE_DEVICE_TEXT], uint64_t deadline, struct err *err);

#endif
