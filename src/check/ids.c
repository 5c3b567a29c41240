/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr's containers have ranges of its own registry, and root needs no line in /etc/subuid. What stands there may be the same
 * ids. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check/internal.h"
#include "store/ids.h"

#define FILE_MAX ((size_t)1 << 20)

/* NAME:FIRST:COUNT (subuid(5)). */
static bool overlaps(char *line)
{
	char *first = strchr(line, ':'), *count = first ? strchr(first + 1, ':') : NULL;
	uint64_t from, n;

	if (!count)
		return false;
	*first++ = *count++ = '\0';
	return str_uint(first, 0, UINT32_MAX, &from) == 0 && str_uint(count, 1, UINT32_MAX, &n) == 0 && from < CHECK_ID &&
	       from + n > IDS_FIRST;
}

static void look(const struct check *c, const char *name, const char *path)
{
	autofree char *text = NULL;
	char *save = NULL;

	if (file_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL, NULL) < 0) {
		check_say(c, name, CHECK_OK, NULL, "no %s: nobody else has ranges of ids", path);
		return;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (overlaps(line)) {
			check_say(c, name, CHECK_WARNING,
				  "give this user other ids: containers have ids from 1048576 up, and what they own the "
				  "user could change",
				  "%s gives ids of containers to '%s'", path, line);
			return;
		}
	check_say(c, name, CHECK_OK, NULL, "nobody in %s has ids of containers", path);
}

void check_ids(struct check *c)
{
	look(c, "subuid", "/etc/subuid");
	look(c, "subgid", "/etc/subgid");
}
