/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_QCOW2_CONVERT_H
#define MGR_STORAGE_QCOW2_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/qcow2/chain.h"

/* Write `length` bytes of the disk from `offset` on to out, both within the disk, by several threads. sparse: should it be a
 * file, it becomes so long, with holes where there are zeros; else they come one behind the other. tells: how far it is, on
 * standard error. */
int convert(const struct chain *chain, int out, bool sparse, bool tells, uint64_t offset, uint64_t length, struct err *err);

#endif
