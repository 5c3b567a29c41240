/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_KEYS_H
#define MGR_STORAGE_KEYS_H

#include "conf/conf.h"

extern const struct section storage_rootfs_section; /* struct rootfs_conf */

#endif
