/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-boot answers to the command that started it: one write of this struct to its descriptor 3.
 * With --open, a SEQPACKET socket, descriptors come along: the lock, the root (a detached mount), and the user namespace of
 * the id map where there is one. */
#ifndef MGR_BOOT_RESULT_H
#define MGR_BOOT_RESULT_H

#include <stdint.h>

#include "base/err.h"
#include "wire/device.h"
#include "wire/handover.h"

#define BOOT_RESULT_FD 3

#define BOOT_NAMESPACES_FD 4 /* of mgr-boot --down: the first of the namespaces that it gets */
#define BOOT_DISK_FD       (BOOT_NAMESPACES_FD + HANDOVER_NAMESPACES) /* with --disk */
#define BOOT_CLIENT_FD     4                                          /* of --client */
#define BOOT_STDIO_FD      5                                          /* of --stdio: 5, 6 and 7 */
#define BOOT_OPEN_FDS      3                                          /* the most that come with the answer to --open */

struct boot_result {
	int32_t code;      /* 0, or the errno value in err */
	uint32_t already;  /* it was running */
	int32_t exit_code; /* with a code: what a command that runs a command ends with */
	int32_t pid;       /* of mgr-boot, which becomes the supervisor */
	struct err err;
};

/* mgr-boot --device answers to the supervisor, on a SEQPACKET socket that is its descriptor 3: what has been done, and the
 * container's part in the managed network as it is then, with the connection that stands for it. Whatever has failed has
 * been undone. */
struct boot_device_result {
	struct err err;              /* code 0: done */
	char text[WIRE_DEVICE_TEXT]; /* what was made or has gone, "net.1" */
	uint32_t is_known;           /* 1: the rest says how things are; 0: it has not come that far */
	uint32_t has_conn;           /* 1: a descriptor comes along */
	uint32_t join_len;           /* 0: it is not on the managed network; where `join` has no room for it, it comes as a
				      * sealed memfd, the last descriptor */
	uint8_t join[HANDOVER_JOIN_MAX];
};

#define BOOT_DEVICE_LOCK_FD  4 /* its other descriptors */
#define BOOT_DEVICE_PIDFD_FD 5
#define BOOT_DEVICE_NETD_FD  6

#endif
