/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_QCOW2_ARGS_H
#define MGR_STORAGE_QCOW2_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/qcow2/broker.h"

struct args {
	bool convert, read_only, raw, cut, progress, take;
	int report, status, lock; /* descriptors, -1: none; the last is kept open, and that is all */
	uint64_t offset, length, size;
	char *real; /* path of the disk, from the root on; NULL unless it is served */
	struct broker broker;
};

/* The command line. 0, or an exit code, of which what there is to say has been printed; -1: all is done. */
int args_read(int argc, char *argv[], struct args *args);

#endif
