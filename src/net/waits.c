/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/net.h"

bool net_waits(const struct store *store, const char *uuid)
{
	autofree char *path = *uuid ? str_fmt("%s/.net/" NET_WAKE_FOLDER "/%s", store->manager_run, uuid) : NULL;

	return path && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
