/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_QCOW2_VET_H
#define MGR_STORAGE_QCOW2_VET_H

#include "base/err.h"
#include "storage/qcow2/chain.h"

/* Does libqcow read the same out of this file's header? A file that two readers understand differently is refused: -EINVAL
 * with what it is that they do not agree on. It is shown a copy of the header and the L1 table, in memory, by /fd, this
 * process's folder of descriptors (confine.h). */
int vet_layer(const struct layer *layer, struct err *err);

#endif
