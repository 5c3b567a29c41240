/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WIRE_DEVICE: a device more or less of a running container. The payload is words, each with its '\0': "add" or "del", the
 * kind ("nic", "bind"), and what it is (spec/device.h, spec/bind.h). The reply comes when it is done: what came or went,
 * "net.1", as text; "" for a bind. */
#ifndef MGR_WIRE_DEVICE_H
#define MGR_WIRE_DEVICE_H

#define WIRE_DEVICE_MOST  8192 /* bytes */
#define WIRE_DEVICE_WORDS 64
#define WIRE_DEVICE_TEXT  64 /* of a reply */

#endif
