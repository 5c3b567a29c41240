/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run/.net/.wake/UUID: what a waker is made of, as its container would send it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "net/net.h"
#include "netd/wake_internal.h"

#define FOLDER NET_WAKE_FOLDER

static int open_folder(const struct netd *netd)
{
	return openat(netd->dir, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int wake_file_write(const struct waker *w, struct err *err)
{
	const struct member *self = &w->self;
	int r = file_mkdirs_at(w->netd->dir, FOLDER, 0700, err);
	autoclose int folder = r < 0 ? r : open_folder(w->netd);
	const size_t size = wire_join_packed(self->join);
	autofree void *packed = malloc(size);
	autofree char *old = NULL;
	size_t len;

	if (r < 0 || !packed)
		return r < 0 ? r : err_nomem(err);
	if (folder < 0)
		return err_sys(err, errno, "open '%s/" FOLDER "'", w->netd->folder);
	wire_join_pack(self->join, packed, size);
	if (file_read_at(folder, self->join->uuid, WIRE_JOIN_MAX, &old, &len, NULL) >= 0 && len == size &&
	    memcmp(old, packed, len) == 0)
		return 0;
	return file_replace_at(folder, self->join->uuid, packed, size, 0600, err);
}

void wake_file_remove(const struct netd *netd, const char *uuid)
{
	autoclose int folder = open_folder(netd);

	if (folder >= 0)
		unlinkat(folder, uuid, 0);
	if (folder >= 0)
		unlinkat(netd->dir, FOLDER, AT_REMOVEDIR); /* not while there are others */
}

/* run/.net/.wake/.UUID: it is frozen because it was idle. */
static bool mark_name(const struct waker *w, char ret[static 40])
{
	return str_print(ret, 40, ".%s", w->self.join->uuid) >= 0;
}

void waker_by_us(struct waker *w, bool is)
{
	struct netd *netd = w->netd;
	autoclose int folder = -1, mark = -1;
	char name[40];

	if (w->frozen_by_us == is || !mark_name(w, name))
		return;
	w->frozen_by_us = is;
	if (!is) {
		folder = open_folder(netd);
		if (folder >= 0)
			unlinkat(folder, name, 0);
		unlinkat(netd->dir, FOLDER, AT_REMOVEDIR); /* not while there are others */
		return;
	}
	if (file_mkdirs_at(netd->dir, FOLDER, 0700, NULL) >= 0)
		folder = open_folder(netd);
	if (folder >= 0)
		mark = openat(folder, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (mark < 0)
		log_warn("'%s': the next mgr-netd will not know that it was idle: %s", w->self.join->name, strerror(errno));
}

bool waker_was_by_us(const struct waker *w)
{
	autoclose int folder = open_folder(w->netd);
	char name[40];

	return folder >= 0 && mark_name(w, name) && faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int list(const struct netd *netd, struct strv *ret)
{
	int folder = open_folder(netd);
	autoclosedir DIR *dir = folder < 0 ? NULL : fdopendir(folder);
	const struct dirent *entry;
	int r = 0;

	if (!dir && folder >= 0)
		close(folder);
	while (dir && r >= 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = strv_add(ret, entry->d_name);
	return r;
}

void wake_files_read(struct netd *netd, void (*fn)(struct netd *netd, const void *bytes, size_t n))
{
	autocall(strv_done) struct strv names = { 0 };
	autoclose int folder = open_folder(netd);

	if (folder < 0 || list(netd, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		autofree char *bytes = NULL;
		struct err err = { 0 };
		size_t n;
		if (file_read_at(folder, names.v[i], WIRE_JOIN_MAX, &bytes, &n, &err) < 0)
			log_error("%s", err.msg);
		else
			fn(netd, bytes, n);
	}
}
