/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log and the older part of it, which was moved aside as FILE.1; also while it is written. */
#ifndef MGR_CLI_LOG_FILES_H
#define MGR_CLI_LOG_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/store.h"

typedef void log_files_fn(void *data, const char *bytes, size_t n);

/* Give all of a container's log `file` to fn, in order; nothing when there is none. follow: and what is added, until the
 * log's folder is removed or nobody reads standard output any longer; fn is called with 0 bytes when there is no more for
 * now. */
int log_files_read(const struct store *store, const char *name, const char *file, bool follow, log_files_fn *fn, void *data,
		   struct err *err);

#endif
