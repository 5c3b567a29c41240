/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a container, while it runs and as it is configured. */
#ifndef MGR_LIFE_DEVICE_H
#define MGR_LIFE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"
#include "store/store.h"
#include "wire/device.h"

/* Ask its supervisor: words as WIRE_DEVICE has them. ret: what came or went, "net.1". -ENOTCONN when it does not run. */
int life_device(const struct store *store, const char *name, const struct strv *words, char ret[static WIRE_DEVICE_TEXT],
		uint64_t deadline, struct err *err);

/* The same in its configuration, from its next start on, while the caller holds its folder, locked. number: that it has been
 * given; -1: it is chosen here. pieces: spec/device.h; of del NULL where number says all. ret: as above. */
int life_device_save(const struct store *store, const char *name, int folder, bool del, const struct strv *pieces,
		     int number, char ret[static WIRE_DEVICE_TEXT], struct err *err);

#endif
