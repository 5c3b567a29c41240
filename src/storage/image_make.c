/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/proc.h"
#include "storage/image_internal.h"

#define MADE     "image" /* in .new/KEY */
#define OUT_MAX  256     /* bytes of sha256sum's line */
#define HASH_LEN 16
#define KEY_MAX  120

int image_new_folder(int images, struct err *err)
{
	int dir;

	if (mkdirat(images, IMAGE_NEW, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder '" IMAGE_FOLDER "/" IMAGE_NEW "'");
	dir = openat(images, IMAGE_NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? err_sys(err, errno, "open folder '" IMAGE_FOLDER "/" IMAGE_NEW "'") : dir;
}

static int key_link(const char *key, char ret[static KEY_MAX], struct err *err)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (!*key || key[strspn(key, chars)] || str_print(ret, KEY_MAX, IMAGE_KEY "%s", key) < 0)
		return err_set(err, EINVAL, "'%.100s' is nothing that a base can be called", key);
	return 0;
}

static int find_key(int images, const char *key, char ret[static IMAGE_ID_SIZE], struct err *err)
{
	char link[KEY_MAX], path[IMAGE_ID_SIZE + 8];
	ssize_t n;

	if (key_link(key, link, err) < 0)
		return -err->code;
	n = readlinkat(images, link, ret, IMAGE_ID_SIZE);
	if (n <= 0 || n == IMAGE_ID_SIZE)
		return 0;
	ret[n] = '\0';
	return str_print(path, sizeof path, "%s/" IMAGE_NAME, ret) == 0 && faccessat(images, path, F_OK, 0) == 0;
}

int image_find_key(const struct store *store, const char *key, char ret[static IMAGE_ID_SIZE], struct err *err)
{
	autoclose int images = image_folder(store, true, err);

	return images < 0 ? images : find_key(images, key, ret, err);
}

int image_lock_new(int news, const char *key, struct err *err)
{
	struct stat ours, there;

	for (;;) {
		autoclose int dir = -1;
		if (mkdirat(news, key, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make a folder for image '%s'", key);
		dir = openat(news, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? err_set(err, EAGAIN, "another command makes base '%s'", key)
						    : err_sys(err, errno, "lock image '%s'", key);
		if (dir >= 0 && fstat(dir, &ours) == 0 && fstatat(news, key, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_ino == there.st_ino)
			return steal_fd(&dir);
		if (dir < 0 && errno != ENOENT)
			return err_sys(err, errno, "open the folder for image '%s'", key);
	}
}

int image_begin(const struct store *store, const char *key, struct image_new *ret, char ret_id[static IMAGE_ID_SIZE],
		struct err *err)
{
	int r;

	*ret = (struct image_new){ .images = -1, .lock = -1 };
	ret->images = image_folder(store, true, err);
	r = ret->images < 0 ? ret->images : find_key(ret->images, key, ret_id, err);
	if (r != 0)
		return r;
	image_sweep(store, NULL);
	autoclose int news = image_new_folder(ret->images, err);
	r = ret->lock = news < 0 ? news : image_lock_new(news, key, err);
	ret->key = strdup(key);
	if (r >= 0)
		r = find_key(ret->images, key, ret_id, err); /* made meanwhile */
	if (r == 0)
		r = file_remove_tree_at(ret->lock, MADE, err); /* what an interrupted one left */
	if (r != 0)
		return r;
	ret->path = str_fmt("%s/" IMAGE_FOLDER "/" IMAGE_NEW "/%s/" MADE, store->containers, key);
	if (!ret->key || !ret->path)
		return err_nomem(err);
	if (mkdirat(ret->lock, MADE, 0700) < 0 || mkdirat(ret->lock, MADE "/" IMAGE_TREE, 0755) < 0 ||
	    fchmodat(ret->lock, MADE "/" IMAGE_TREE, 0755, 0) < 0)
		return err_sys(err, errno, "make '%s'", ret->path);
	return 0;
}

/* Of all that is in the tree. A tree that cannot be read to its end is like no other. */
static int hash_tree(const char *path, char ret[static HASH_LEN + 1], struct err *err)
{
	static const char script[] =
		"{ tar -C \"$1\" --sort=name --numeric-owner --acls --xattrs --xattrs-include='*' --format=posix"
		" --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -cf - . 2>/dev/null ||"
		" cat /proc/sys/kernel/random/uuid; } | sha256sum";
	const char *const argv[] = { "/bin/sh", "-c", script, "sh", path, NULL };
	autofree char *out = NULL;
	const struct proc_job job = { .argv = argv, .out = &out, .out_max = OUT_MAX };

	if (proc_run_job(&job, err) < 0)
		return err_wrap(err, "hash '%s'", path);
	if (strlen(out) < HASH_LEN)
		return err_set(err, ECANCELED, "hash '%s': there is none", path);
	str_print(ret, HASH_LEN + 1, "%.*s", HASH_LEN, out);
	return 0;
}

/* Under the lock of all images. The same content as one that is there: that one it is. */
static int put(const struct image_new *image, const char *id, struct err *err)
{
	autoclose int lock = image_lock(image->images, err);
	char link[KEY_MAX], next[KEY_MAX + 4];

	if (lock < 0)
		return lock;
	if (renameat(image->lock, MADE, image->images, id) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(err, errno, "rename image '%s'", id);
	debug_point("image", "named");
	if (key_link(image->key, link, err) < 0 || str_print(next, sizeof next, "%s.new", link) < 0)
		return -err->code;
	if (unlinkat(image->images, next, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", next);
	if (symlinkat(id, image->images, next) < 0 || renameat(image->images, next, image->images, link) < 0)
		return err_sys(err, errno, "make '%s'", link);
	return 0;
}

int image_commit(const struct image_new *image, char ret_id[static IMAGE_ID_SIZE], struct err *err)
{
	autofree char *tree = str_fmt("%s/" IMAGE_TREE, image->path);
	char hash[HASH_LEN + 1];
	int r = tree ? hash_tree(tree, hash, err) : err_nomem(err);

	if (r < 0)
		return r;
	str_print(ret_id, IMAGE_ID_SIZE, "base-%s", hash);
	r = file_replace_at(image->lock, MADE "/" IMAGE_NAME, ret_id, strlen(ret_id), 0600, err);
	if (r < 0)
		return r;
	if (file_sync_system(image->lock, err) < 0)
		return err_wrap(err, "image '%s'", ret_id);
	debug_point("image", "filled");
	return put(image, ret_id, err);
}

void image_new_done(struct image_new *image)
{
	autoclose int news = image->lock < 0 ? -1 : image_new_folder(image->images, NULL);

	if (image->lock >= 0) {
		if (image->key && news >= 0)
			file_remove_tree_at(news, image->key, NULL);
		close(image->lock);
	}
	if (image->images >= 0)
		close(image->images);
	free(image->key);
	free(image->path);
}
