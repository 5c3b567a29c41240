/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "mount/internal.h"

struct line {
	uint64_t id, parent;
	char *path; /* in the text, escaped */
};

/* ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS... (proc_pid_mountinfo(5)). The next line: false at the end. */
static bool take_line(char **text, struct line *ret)
{
	char *line = strsep(text, "\n"), *save = NULL;
	char *field[5];

	if (!line)
		return false;
	*ret = (struct line){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return true;
	}
	ret->id = strtoull(field[0], NULL, 10);
	ret->parent = strtoull(field[1], NULL, 10);
	ret->path = field[4];
	return true;
}

static int find(struct line *lines, size_t n, uint64_t id, struct mount_place *ret, struct err *err)
{
	const struct line *found = NULL;

	for (size_t i = 0; i < n && !found; i++)
		if (lines[i].path && lines[i].id == id)
			found = &lines[i];
	if (!found)
		return 0;
	ret->top = id;
	for (size_t i = 0; i < n; i++) /* what covers another one comes behind it */
		if (lines[i].path && lines[i].parent == ret->top && str_eq(lines[i].path, found->path))
			ret->top = lines[i].id;
	ret->path = strdup(found->path);
	if (!ret->path)
		return err_nomem(err);
	mount_unescape(ret->path);
	return 1;
}

int mount_find_place(char *text, uint64_t id, struct mount_place *ret, struct err *err)
{
	autofree struct line *lines = NULL;
	size_t n = 1, most = 1;

	for (const char *p = text; (p = strchr(p, '\n')); p++)
		most++;
	lines = calloc(most, sizeof *lines);
	if (!lines)
		return err_nomem(err);
	for (n = 0; n < most && take_line(&text, &lines[n]); n++)
		;
	*ret = (struct mount_place){ 0 };
	return find(lines, n, id, ret, err);
}

int mount_clear_place(const struct mount_place *place, uint64_t dev, uint64_t ino, struct err *err)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int there = root < 0 ? -1 : path_open_in_root(root, place->path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	uint64_t id;

	if (there < 0)
		return err_sys(err, root < 0 ? errno : -there, "open '%s' in the container", place->path);
	if (sys_mount_id(there, &id) < 0 || fstat(there, &st) < 0)
		return err_sys(err, errno, "look at '%s' in the container", place->path);
	if (id != place->top)
		return err_set(err, EBUSY, "'%s' lies below what has been mounted over it in the container", place->path);
	if (dev && (st.st_dev != dev || st.st_ino != ino))
		return 0;
	return umount2(place->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? err_sys(err, errno, "unmount '%s'", place->path) : 0;
}
