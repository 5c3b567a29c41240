/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "store/store.h"

#define BESIDE    STORE_SNAP "/" RESTORE_FOLDER
#define READY     "ready"
#define READY_MAX (FILE_WHICH_MAX + 256)

struct exchange {
	char before[FILE_WHICH_MAX]; /* which root was in place */
	char leaf[256];
};

void restore_drop(int folder)
{
	struct err err = { 0 };

	if (file_remove_tree_at(folder, BESIDE, &err) < 0)
		log_warn("clear what a restore left: %s", err.msg);
}

int restore_begin(int folder, struct err *err)
{
	int fd = mkdirat(folder, BESIDE, 0700) < 0 ? -1 : openat(folder, BESIDE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "make folder '" BESIDE "'") : fd;
}

/* The files first: who finds the new configuration finds what it is of. */
static int finish(int folder, struct err *err)
{
	if (renameat(folder, BESIDE "/config", folder, "config") < 0 && errno != ENOENT)
		return err_sys(err, errno, "put the configuration in place");
	debug_point("restore", "committed");
	restore_drop(folder);
	debug_point("restore", "removed");
	return 0;
}

/* From then on what is in place there tells whether it was done. */
static int be_ready(int folder, const char *leaf, char before[static FILE_WHICH_MAX], struct err *err)
{
	autofree char *text = NULL;
	int r;

	file_which(folder, leaf, before);
	text = str_fmt("%s %s\n", before, leaf);
	r = text ? file_replace_at(folder, BESIDE "/" READY, text, strlen(text), 0600, err) : err_nomem(err);
	debug_point("restore", "ready");
	return r;
}

int restore_move(int folder, const char *leaf, int to, const char *path, struct err *err)
{
	char before[FILE_WHICH_MAX];
	int r = be_ready(folder, leaf, before, err);

	if (r < 0)
		return r;
	if (renameat2(folder, leaf, to, path, RENAME_NOREPLACE) < 0)
		return err_sys(err, errno, "move '%s'", leaf);
	debug_point("restore", "exchanged");
	return finish(folder, err);
}

int restore_take(int folder, const char *leaf, struct err *err)
{
	autofree char *from = str_fmt(BESIDE "/%s", leaf);
	char before[FILE_WHICH_MAX];
	int r = from ? be_ready(folder, leaf, before, err) : err_nomem(err);

	if (r < 0)
		return r;
	if (renameat2(folder, from, folder, leaf, str_eq(before, "-") ? RENAME_NOREPLACE : RENAME_EXCHANGE) < 0)
		return err_sys(err, errno, "put '%s' in place", leaf);
	debug_point("restore", "exchanged");
	return finish(folder, err);
}

static bool read_ready(int folder, struct exchange *ret)
{
	char text[READY_MAX], *space;

	if (file_read_small_at(folder, BESIDE "/" READY, text, sizeof text, NULL) < 0 || !(space = strchr(text, ' ')))
		return false;
	*space = '\0';
	return str_print(ret->before, sizeof ret->before, "%s", text) == 0 &&
	       str_print(ret->leaf, sizeof ret->leaf, "%s", space + 1) == 0 && !strchr(ret->leaf, '/');
}

int restore_settle_locked(int folder, struct err *err)
{
	struct exchange done;
	char now[FILE_WHICH_MAX];

	if (faccessat(folder, BESIDE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (read_ready(folder, &done)) {
		file_which(folder, done.leaf, now);
		if (!str_eq(now, done.before))
			return finish(folder, err);
	}
	restore_drop(folder);
	return 0;
}

int restore_settle(int folder, struct err *err)
{
	autoclose int own = -1;
	int r;

	if (faccessat(folder, BESIDE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return err_sys(err, errno, "open its folder");
	r = store_lock_config(own, true, err);
	return r < 0 ? r : restore_settle_locked(own, err);
}
