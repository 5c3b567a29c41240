/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/stands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "life/glance.h"
#include "storage/block.h"
#include "storage/disk.h"
#include "storage/fs.h"
#include "storage/image.h"

#define IMAGES_MOST 256 /* more than there can be below one: a circle ends */

static int find_images(const struct store *store, int folder, struct strv *ret)
{
	autoclose int at = openat(folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char id[IMAGE_ID_SIZE];

	while (at >= 0 && ret->n < IMAGES_MOST && image_read(at, IMAGE_BASE, id, NULL) > 0) {
		if (strv_add(ret, id) < 0)
			return -ENOMEM;
		close(at);
		at = image_open(store, id, NULL);
	}
	return 0;
}

/* What create has found on the disk. 1: there is one. */
static int find_disk(int folder, struct look *look)
{
	autocall(disk_done) struct disk disk = { 0 };

	if (disk_load(folder, &disk, NULL) < 0)
		return 0;
	look->partition = disk.partition;
	look->filesystem_size = disk.length;
	look->filesystem = strdup(disk.fs);
	return look->filesystem ? 1 : -ENOMEM;
}

/* Written in blocks: what it is now, of which the disk may know nothing. */
static int find_blocks(const struct store *store, int folder, struct look *look)
{
	char fs[32];

	if (block_find_size(store, folder, fs, &look->filesystem_size) < 0)
		return 0;
	free(look->filesystem);
	look->filesystem = strdup(fs);
	return look->filesystem ? 0 : -ENOMEM;
}

/* A file system of its own, in a file. */
static int find_file(struct look *look)
{
	autoclose int file = open(look->root, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const struct fs *fs;
	struct stat st;

	if (file < 0 || fstat(file, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	look->filesystem_size = (uint64_t)st.st_size;
	if (fs_probe(file, &fs, NULL) < 0)
		return 0;
	look->filesystem = strdup(fs->name);
	return look->filesystem ? 0 : -ENOMEM;
}

/* "/srv/data:/data (rbind,ro)", from a line as of fstab(5). */
static int add_volume(const char *line, struct strv *ret)
{
	autofree char *copy = strdup(line);
	char *rest = copy;
	const char *words[4], *word; /* source, target, type, options */
	size_t n = 0;

	if (!copy)
		return -ENOMEM;
	while (n < ARRAY_SIZE(words) && (word = strsep(&rest, " \t")))
		if (*word)
			words[n++] = word;
	if (n < ARRAY_SIZE(words))
		return strv_add(ret, line);
	const bool typed = !str_eq(words[2], "none");
	return strv_addf(ret, "%s:%s%s (%s%s%s)", words[0], *words[1] == '/' ? "" : "/", words[1], typed ? words[2] : "",
			 typed ? "," : "", words[3]);
}

static int find_volumes(const struct store *store, const char *name, const char *config, bool runs, struct strv *ret)
{
	autoclose int run = runs ? store_runtime(store, name, false, NULL) : -1;
	autocall(strv_done) struct strv entries = { 0 };
	autofree char *spec = NULL;
	int r;

	if (run >= 0)
		(void)glance_load(run, "spec", &spec, NULL);
	r = glance_in(spec ? spec : config, "mount", "entry", &entries);
	for (size_t i = 0; i < entries.n && r >= 0; i++)
		r = add_volume(entries.v[i], ret);
	return r;
}

int look_stands(const struct store *store, const char *name, int folder, const char *config, bool runs, struct look *look)
{
	int r = find_images(store, folder, &look->images);

	if (r == 0)
		r = find_disk(folder, look);
	if (r == 0 && str_eq(look->backend, "loop"))
		r = find_file(look);
	if (r >= 0 && str_eq(look->backend, "block"))
		r = find_blocks(store, folder, look);
	return r < 0 ? r : find_volumes(store, name, config, runs, &look->volumes);
}
