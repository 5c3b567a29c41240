/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-boot answers to the command that started it: one write of this struct to its descriptor 3.
 * With --open, a SEQPACKET socket, descriptors come along: the lock, the root (a detached mount), and the user namespace of
 * the id map where there is one. */
#ifndef MGR_BOOT_RESULT_H
#define MGR_BOOT_RESULT_H

#include <stdint.h>

#include "base/err.h"

#define BOOT_RESULT_FD 3

#define BOOT_NAMESPACES_FD 4 /* of mgr-boot --down: the first of the namespaces that it gets */
#define BOOT_CLIENT_FD     4 /* of --client */
#define BOOT_STDIO_FD      5 /* of --stdio: 5, 6 and 7 */
#define BOOT_OPEN_FDS      3 /* the most that come with the answer to --open */

struct boot_result {
	int32_t code;      /* 0, or the errno value in err */
	uint32_t already;  /* it was running */
	int32_t exit_code; /* with a code: what a command that runs a command ends with */
	int32_t pid;       /* of mgr-boot, which becomes the supervisor */
	struct err err;
};

#endif
