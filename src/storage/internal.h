/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backends: one file each. */
#ifndef MGR_STORAGE_INTERNAL_H
#define MGR_STORAGE_INTERNAL_H

#include "storage/storage.h"

extern const struct storage_backend storage_dir;

#endif
