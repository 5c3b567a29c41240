/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/path.h"
#include "conf/conf.h"
#include "store/internal.h"

#define FORMAT        "1"
#define LOCK_WAIT     (30 * CLOCK_SECOND)
#define SWEPT_AT_ONCE 8 /* entries that a writer looks at on its way */

static int open_folder(int dirfd, const char *path, bool make)
{
	int fd;

	if (make && mkdirat(dirfd, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int check_format(struct registry *reg, const char *folder, bool make, struct err *err)
{
	char format[16];
	int r = file_read_small_at(reg->dir, "format", format, sizeof format, err);

	if (r == -ENOENT) {
		err_clear(err);
		return make ? file_replace_at(reg->dir, "format", FORMAT "\n", 2, 0600, err) : 0;
	}
	if (r < 0)
		return r;
	if (!str_eq(format, FORMAT))
		return err_set(err, EPROTO, "'%s/%s' has format %s, this program knows %s: a newer version made it",
			       reg->store->manager, folder, format, FORMAT);
	return 0;
}

static int open_folders(struct registry *reg, const char *folder, bool write, struct err *err)
{
	autoclose int manager = open_folder(AT_FDCWD, reg->store->manager, false);

	reg->dir = manager < 0 ? manager : open_folder(manager, folder, write);
	if (reg->dir >= 0 && write) {
		reg->lock = store_lock_file(reg->dir, "lock", clock_in(LOCK_WAIT));
		if (reg->lock < 0)
			return err_sys(err, -reg->lock, "lock '%s/%s/lock'", reg->store->manager, folder);
	}
	reg->slots = reg->dir < 0 ? reg->dir : open_folder(reg->dir, "by-slot", write);
	reg->uuids = reg->slots < 0 ? reg->slots : open_folder(reg->dir, "by-uuid", write);
	if (reg->uuids == -ENOENT && !write) {
		reg->absent = true;
		return 0;
	}
	if (reg->uuids < 0)
		return err_sys(err, -reg->uuids, "open '%s/%s'", reg->store->manager, folder);
	return check_format(reg, folder, write, err);
}

int registry_open(struct registry *reg, const struct store *store, const char *folder, bool write, struct err *err)
{
	char next[64];
	int r;

	reg->store = store;
	r = open_folders(reg, folder, write, err);
	if (r < 0 || !write)
		return r;
	/* A hint: whatever it says, the links decide. */
	if (file_read_small_at(reg->dir, "next", next, sizeof next, NULL) > 0 &&
	    sscanf(next, "%lu %ld", &reg->next, &reg->swept) != 2)
		reg->next = 0, reg->swept = 0;
	return 0;
}

int registry_make(struct registry *reg, const struct store *store, const char *folder, struct err *err)
{
	int r = store_make(store, err);

	return r < 0 ? r : registry_open(reg, store, folder, true, err);
}

void registry_close(struct registry *reg)
{
	const int fds[] = { reg->uuids, reg->slots, reg->dir, reg->lock };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int split(char *text, struct registry_entry *ret)
{
	char *save = NULL, *uuid = strtok_r(text, " ", &save), *name = strtok_r(NULL, " ", &save);
	char *note = strtok_r(NULL, " ", &save);

	if (!uuid || !name || !note || !*save || str_print(ret->uuid, sizeof ret->uuid, "%s", uuid) < 0 ||
	    str_print(ret->name, sizeof ret->name, "%s", name) < 0 || str_print(ret->note, sizeof ret->note, "%s", note) < 0)
		return -EBADMSG;
	ret->folder = strdup(save);
	return ret->folder ? 0 : -ENOMEM;
}

int registry_get(const struct registry *reg, const char *slot, struct registry_entry *ret, struct err *err)
{
	char text[PATH_LINK_LONGEST + 1];
	ssize_t n = reg->absent ? -1 : readlinkat(reg->slots, slot, text, sizeof text - 1);
	int r;

	*ret = (struct registry_entry){ 0 };
	if (reg->absent || (n < 0 && errno == ENOENT))
		return err_set(err, ENOENT, "'%s' is free", slot);
	if (n < 0)
		return err_sys(err, errno, "read the entry '%s'", slot);
	text[n] = '\0';
	r = split(text, ret);
	return r < 0 ? err_sys(err, -r, "read the entry '%s'", slot) : 0;
}

void registry_entry_done(struct registry_entry *entry)
{
	free(entry->folder);
	entry->folder = NULL;
}

int registry_find(const struct registry *reg, const char *uuid, char *slot, size_t size, struct err *err)
{
	ssize_t n = reg->absent ? -1 : readlinkat(reg->uuids, uuid, slot, size);

	if (reg->absent || (n < 0 && errno == ENOENT))
		return err_set(err, ENOENT, "nothing is reserved for %s", uuid);
	if (n < 0)
		return err_sys(err, errno, "read the entry of %s", uuid);
	if ((size_t)n >= size)
		return err_set(err, EBADMSG, "read the entry of %s: too long", uuid);
	slot[n] = '\0';
	return 0;
}

char *registry_entry_text(const char *uuid, const char *name, const char *note, const char *folder)
{
	return str_fmt("%s %s %s %s", uuid, name, note, folder);
}

int registry_put(struct registry *reg, const char *slot, const char *uuid, const char *name, const char *note,
		 struct err *err)
{
	autofree char *text = registry_entry_text(uuid, name, note, reg->store->containers);

	if (!text)
		return err_nomem(err);
	if (symlinkat(slot, reg->uuids, uuid) < 0)
		return err_sys(err, errno, "reserve '%s' for %s", slot, uuid);
	if (symlinkat(text, reg->slots, slot) < 0) {
		int code = errno;
		unlinkat(reg->uuids, uuid, 0);
		return err_sys(err, code, "reserve '%s' for %s", slot, uuid);
	}
	return 0;
}

int registry_drop(struct registry *reg, const char *uuid, struct err *err)
{
	autocall(registry_entry_done) struct registry_entry entry = { 0 };
	char slot[REGISTRY_SLOT];
	int r = registry_find(reg, uuid, slot, sizeof slot, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = registry_get(reg, slot, &entry, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && str_eq(entry.uuid, uuid) && unlinkat(reg->slots, slot, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "free '%s' of %s", slot, uuid);
	err_clear(err);
	debug_point("registry", "freed");
	return registry_drop_name(reg, uuid, err);
}

static bool may_be_there(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

int store_config_says(int dirfd, const char *config, const char *word, struct err *err)
{
	autofree char *text = NULL;
	int r = file_read_at(dirfd, config, CONF_FILE_MAX, &text, NULL, err);

	return r < 0 ? r : strstr(text, word) != NULL;
}

/* The container's config, its folder while it is being created or when it has lost its config, or the remains that a destroy
 * has yet to remove. When in doubt it lives: a folder of containers that is not mounted, a config that cannot be read now.
 */
static bool owner_lives(const struct registry_entry *entry)
{
	autoclose int dir = open(entry->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *config = NULL, *claim = NULL, *gone = NULL;
	char uuid[37];

	if (dir < 0)
		return true;
	str_print(uuid, sizeof uuid, "%.36s", entry->uuid);
	config = str_fmt("%s/config", entry->name);
	claim = str_fmt(STORE_NEW "/%s/%s", entry->name, uuid);
	gone = str_fmt(STORE_GONE "/%s", uuid);
	if (!config || !claim || !gone)
		return true;
	int r = store_config_says(dir, config, uuid, NULL);
	if (r > 0 || (r < 0 && (r != -ENOENT || may_be_there(dir, entry->name))))
		return true;
	for (char *p = claim + strlen(STORE_NEW); *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return may_be_there(dir, claim) || may_be_there(dir, gone);
}

/* A further address (no other slot has a dot) that the configuration does not name any more, nor a run of the container; and
 * nobody is about to have it named there: ret_held, the folder of the container, is locked then. */
static bool is_given_up(const struct registry *reg, const char *slot, const struct registry_entry *entry, int *ret_held)
{
	if (!strchr(entry->uuid, ':') || !strchr(slot, '.') || !str_eq(entry->folder, reg->store->containers))
		return false;
	*ret_held = store_container(reg->store, entry->name, NULL);
	return *ret_held >= 0 && store_lock_config(*ret_held, false, NULL) == 0 &&
	       store_config_says(*ret_held, "config", slot, NULL) == 0 &&
	       store_lock_peek(reg->store, entry->name, NULL) == STORE_IDLE;
}

static int sweep_one(struct registry *reg, const char *uuid, struct err *err)
{
	autocall(registry_entry_done) struct registry_entry entry = { 0 };
	autoclose int held = -1;
	char slot[REGISTRY_SLOT];
	int r = registry_find(reg, uuid, slot, sizeof slot, err);

	if (r == 0)
		r = registry_get(reg, slot, &entry, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && str_eq(entry.uuid, uuid) && owner_lives(&entry) && !is_given_up(reg, slot, &entry, &held))
		return 0;
	return registry_drop(reg, uuid, err);
}

/* Looks at up to n entries, on from where the last such look ended. */
static int sweep(struct registry *reg, size_t n, struct err *err)
{
	int again = openat(reg->uuids, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *e = NULL;

	if (!dir)
		return err_sys(err, errno, "list the registry");
	if (n != SIZE_MAX && reg->swept)
		seekdir(dir, reg->swept);
	while (n > 0 && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		int r = sweep_one(reg, e->d_name, err);
		if (r < 0)
			return r;
		n--;
	}
	reg->swept = e ? telldir(dir) : 0;
	return 0;
}

int registry_sweep(struct registry *reg, struct err *err)
{
	return sweep(reg, SIZE_MAX, err);
}

void registry_set_next(struct registry *reg, unsigned long next)
{
	autoclose int fd = openat(reg->dir, "next", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	char text[64];

	sweep(reg, SWEPT_AT_ONCE, NULL);
	if (fd >= 0 && str_print(text, sizeof text, "%-20lu %-20ld\n", next, reg->swept) == 0)
		(void)!pwrite(fd, text, strlen(text), 0);
}

int registry_each(const struct registry *reg, int (*fn)(const char *slot, const struct registry_entry *entry, void *data),
		  void *data, struct err *err)
{
	int again = reg->absent ? -1 : openat(reg->slots, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;

	if (reg->absent)
		return 0;
	if (!dir)
		return err_sys(err, errno, "list the registry");
	while (r == 0 && (e = readdir(dir))) {
		autocall(registry_entry_done) struct registry_entry entry = { 0 };
		if (e->d_name[0] == '.')
			continue;
		r = registry_get(reg, e->d_name, &entry, err);
		if (r == 0)
			r = fn(e->d_name, &entry, data);
		else if (r == -ENOENT) /* freed meanwhile */
			r = 0;
	}
	return r;
}

static int count_entry(const char *slot, const struct registry_entry *entry, void *data)
{
	(void)slot, (void)entry;
	(*(unsigned *)data)++;
	return 0;
}

int registry_count(const struct registry *reg, unsigned *ret, struct err *err)
{
	*ret = 0;
	return registry_each(reg, count_entry, ret, err);
}
