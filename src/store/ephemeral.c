/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/ephemeral.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/internal.h"

#define FOLDER      ".ephemeral"
#define UUID_LENGTH 36

static int open_folder(const struct store *store, bool make, struct err *err)
{
	return store_open_own(store, FOLDER, make, err);
}

int ephemeral_mark(const struct store *store, const char *name, const char *uuid, uint64_t deadline, struct err *err)
{
	autoclose int dir = -1, mark = -ENOENT;
	int r;

	do { /* the last to go takes the folder along */
		if (dir >= 0)
			close(dir);
		dir = open_folder(store, true, err);
		mark = dir < 0 ? dir : store_lock_file(dir, name, deadline);
	} while (mark == -ENOENT);
	if (dir < 0)
		return dir;
	if (mark < 0)
		return err_sys(err, -mark, "mark it as ephemeral");
	r = ftruncate(mark, 0) < 0 ? -errno : file_write_all(mark, uuid, strlen(uuid));
	if (r < 0 || fsync(mark) < 0 || fsync(dir) < 0)
		return err_sys(err, r < 0 ? -r : errno, "mark it as ephemeral");
	return steal_fd(&mark);
}

int ephemeral_is_marked(const struct store *store, const char *name)
{
	autofree char *config = str_fmt("%s/%s/config", store->containers, name);
	autoclose int dir = open_folder(store, false, NULL), mark = -1;
	char uuid[48];

	if (dir < 0 || !config || faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	mark = store_lock_file(dir, name, clock_now());
	if (mark < 0)
		return 0;
	if (file_read_small_at(dir, name, uuid, sizeof uuid, NULL) == UUID_LENGTH &&
	    store_config_says(AT_FDCWD, config, uuid, NULL) != 0)
		return access(config, F_OK) == 0 ? 1 : -ESTALE;
	return -ESTALE;
}

void ephemeral_forget(const struct store *store, const char *name)
{
	autofree char *path = str_fmt("%s/" FOLDER, store->containers);
	autoclose int dir = open_folder(store, false, NULL);

	if (dir < 0 || !path)
		return;
	unlinkat(dir, name, 0);
	rmdir(path); /* not while there are others */
}

int ephemeral_list(const struct store *store, struct strv *ret, struct err *err)
{
	int fd = open_folder(store, false, NULL);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && strv_add(ret, e->d_name) < 0)
			return err_nomem(err);
	return 0;
}
