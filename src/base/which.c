/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

void file_which(int folder, const char *name, char ret[static FILE_WHICH_MAX])
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	struct stat st;
	size_t n;
	int mount;

	str_print(ret, FILE_WHICH_MAX, "-");
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	str_print(ret, FILE_WHICH_MAX, "%ju", (uintmax_t)st.st_ino);
	if (name_to_handle_at(folder, name, &handle.head, &mount, 0) < 0)
		return;
	for (unsigned i = 0; i < handle.head.handle_bytes; i++) {
		n = strlen(ret);
		str_print(ret + n, FILE_WHICH_MAX - n, "%s%02x", i ? "" : ":", handle.bytes[i]);
	}
}
