/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large a file system in blocks is: no file of the host's says it, since it may have grown or shrunk over what is below.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "storage/block.h"
#include "storage/fs.h"

#define SEEN "filesystem" /* in delta: "ext4 1073741824" */
#define MOST 64           /* images below one (block_below.c): a circle ends */

void block_keep_size(const struct storage_place *p, const char *fs, uint64_t size)
{
	autoclose int delta = openat(p->folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char was[64], is[64];

	if (delta < 0 || str_print(is, sizeof is, "%s %ju", fs, (uintmax_t)size) < 0)
		return;
	if (file_read_small_at(delta, SEEN, was, sizeof was, NULL) < 0 || !str_eq(was, is))
		(void)file_replace_at(delta, SEEN, is, strlen(is), 0600, NULL);
}

void block_copy_size(int from, int to)
{
	char text[64];

	if (file_read_small_at(from, SEEN, text, sizeof text, NULL) >= 0)
		(void)file_replace_at(to, SEEN, text, strlen(text), 0600, NULL);
}

static int read_seen(int delta, char ret_fs[static 32], uint64_t *ret_size)
{
	char text[64], *size = text;
	const char *fs;

	if (file_read_small_at(delta, SEEN, text, sizeof text, NULL) < 0)
		return -ENODATA;
	fs = strsep(&size, " ");
	if (!size || str_uint(size, 0, UINT64_MAX, ret_size) < 0)
		return -ENODATA;
	return str_print(ret_fs, 32, "%s", fs);
}

/* An image that is all of a file system. */
static int look_at_file(int image, char ret_fs[static 32], uint64_t *ret_size)
{
	autoclose int file = openat(image, IMAGE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const struct fs *fs;

	if (file < 0 || fs_probe(file, &fs, NULL) < 0 || fs_measure(fs, file, ret_size, NULL) < 0)
		return -ENODATA;
	return str_print(ret_fs, 32, "%s", fs->name);
}

int block_find_size(const struct store *store, int folder, char ret_fs[static 32], uint64_t *ret_size)
{
	autoclose int at = openat(folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char id[IMAGE_ID_SIZE];

	for (unsigned i = 0; at >= 0 && i < MOST; i++) {
		if (read_seen(at, ret_fs, ret_size) >= 0 || look_at_file(at, ret_fs, ret_size) >= 0)
			return 0;
		if (image_read(at, IMAGE_BASE, id, NULL) <= 0)
			return -ENODATA;
		close(at);
		at = image_open(store, id, NULL);
	}
	return -ENODATA;
}
