/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_QCOW2_INFLATE_H
#define MGR_STORAGE_QCOW2_INFLATE_H

#include <stddef.h>

#include "base/err.h"

/* A compressed cluster: as much of `in` as it takes to fill all n bytes of `out`. -EIO when that is not what comes. */
int inflate_cluster(const void *in, size_t in_bytes, void *out, size_t n, struct err *err);

#endif
