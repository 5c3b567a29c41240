/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mnt.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

static int stage = -1;

static bool is_missing(long r)
{
	return r < 0 && errno == ENOSYS;
}

bool mnt_is_old(void)
{
	static int old = -1;

	if (old < 0)
		old = is_missing(mount_setattr(-1, "", 0, NULL, 0)) || is_missing(open_tree(-1, "", 0)) ||
		      is_missing(fsopen("", 0)) || is_missing(move_mount(-1, "", -1, "", 0));
	return old;
}

/* --- mount(2) ---------------------------------------------------------------------------------------------------------- */

static void link_of(int fd, char buf[static 32])
{
	str_print(buf, 32, "/proc/self/fd/%d", fd);
}

bool mnt_lacks_stage(void)
{
	return mnt_is_old() && stage < 0;
}

int mnt_stage(const char *path)
{
	if (mount("mgr-stage", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=64k") < 0 ||
	    mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		return -errno;
	if (stage >= 0)
		close(stage);
	stage = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return stage < 0 ? -errno : 0;
}

int mnt_stage_apart(const char *path)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	return mnt_stage(path);
}

/* A new folder, or file, of the stage; its path. */
static int make_place(bool folder, char path[static 64])
{
	static unsigned made;
	char name[16];

	str_print(name, sizeof name, "%u", made++);
	if ((folder ? mkdirat(stage, name, 0700) : mknodat(stage, name, S_IFREG | 0600, 0)) < 0)
		return -errno;
	str_print(path, 64, "/proc/self/fd/%d/%s", stage, name);
	return 0;
}

static int open_mounted(const char *place)
{
	int fd = open(place, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The options that are no file system's own (mount(8)), out of the others. In place. */
static unsigned long take_flags(char *options)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} known[] = {
		{ "ro", MS_RDONLY }, { "sync", MS_SYNCHRONOUS }, { "dirsync", MS_DIRSYNC }, { "lazytime", MS_LAZYTIME }
	};
	char *from = options, *to = options, *word;
	unsigned long flags = 0;

	while ((word = strsep(&from, ","))) {
		size_t i = 0, n = strlen(word);
		while (i < ARRAY_SIZE(known) && !str_eq(word, known[i].name))
			i++;
		if (i < ARRAY_SIZE(known)) {
			flags |= known[i].flag;
			continue;
		}
		if (to > options)
			*to++ = ',';
		memmove(to, word, n);
		to += n;
	}
	*to = '\0';
	return flags;
}

/* The flags of mount(2) for what mount_setattr(2) calls so. */
static unsigned long old_flags(uint64_t attr)
{
	unsigned long flags = attr & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC); /* the same numbers */

	if ((attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME)
		flags |= MS_NOATIME;
	else if ((attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME)
		flags |= MS_STRICTATIME;
	else
		flags |= MS_RELATIME;
	return flags | (attr & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0) |
	       (attr & MOUNT_ATTR_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0);
}

static uint64_t attr_of(const struct statvfs *fs)
{
	uint64_t attr = fs->f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);

	if (fs->f_flag & ST_NOATIME)
		attr |= MOUNT_ATTR_NOATIME;
	else if (!(fs->f_flag & ST_RELATIME))
		attr |= MOUNT_ATTR_STRICTATIME;
	return attr | (fs->f_flag & ST_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0) |
	       (fs->f_flag & MS_NOSYMFOLLOW << 5 ? MOUNT_ATTR_NOSYMFOLLOW : 0); /* ST_NOSYMFOLLOW, linux/statfs.h */
}

static int old_new(const char *type, const char *source, char *options, unsigned attr)
{
	unsigned long flags = take_flags(options);
	char place[64];
	int r = make_place(true, place);

	if (r == 0 && mount(source, place, type, flags | old_flags(attr), options) < 0)
		r = -errno;
	return r < 0 ? r : open_mounted(place);
}

static int old_copy(int what, bool recursive)
{
	char place[64], from[32];
	struct stat st;
	int r = fstat(what, &st) < 0 ? -errno : make_place(S_ISDIR(st.st_mode), place);

	link_of(what, from);
	if (r == 0 && mount(from, place, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL) < 0)
		r = -errno;
	return r < 0 ? r : open_mounted(place);
}

static int old_set(int mnt, const struct mount_attr *attr, bool recursive)
{
	char at[32];
	struct statvfs fs;

	link_of(mnt, at);
	if ((attr->attr_set & MOUNT_ATTR_IDMAP) || (recursive && (attr->attr_set || attr->attr_clr)))
		return -EOPNOTSUPP;
	if (attr->propagation && mount(NULL, at, NULL, attr->propagation | (recursive ? MS_REC : 0), NULL) < 0)
		return -errno;
	if (!attr->attr_set && !attr->attr_clr)
		return 0;
	if (fstatvfs(mnt, &fs) < 0 ||
	    mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | old_flags((attr_of(&fs) & ~attr->attr_clr) | attr->attr_set),
		  NULL) < 0)
		return -errno;
	return 0;
}

static int old_move(int mnt, int target)
{
	char from[32], to[32];

	link_of(mnt, from);
	link_of(target, to);
	return mount(from, to, NULL, MS_MOVE, NULL) < 0 ? -errno : 0;
}

/* --- and what has replaced it ------------------------------------------------------------------------------------------ */

/* One option, which is cut. */
static int configure(int fs, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0);
	*value++ = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, word, value, 0);
}

static int make(int fs, const char *source, char *options, unsigned attr)
{
	char *word;

	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return -1;
	while (options && *options && (word = strsep(&options, ",")))
		if (configure(fs, word) < 0)
			return -1;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -1 : fsmount(fs, FSMOUNT_CLOEXEC, attr);
}

/* What the kernel has to say of a file system that cannot be made (fsopen(2)): "e MESSAGE". */
static int refuse(int fs, int code, struct err *err)
{
	char text[200];
	ssize_t n = fs < 0 ? -1 : read(fs, text, sizeof text - 1);

	if (n < 3)
		return err_set(err, code, "%s", strerror(code));
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_set(err, code, "%s", text + 2);
}

int mnt_new(const char *type, const char *source, const char *options, unsigned attr, struct err *err)
{
	autofree char *own = strdup(options ? options : "");
	autoclose int fs = -1;
	int mnt;

	if (!own)
		return err_nomem(err);
	if (mnt_is_old()) {
		mnt = old_new(type, source, own, attr);
		return mnt < 0 ? refuse(-1, -mnt, err) : mnt;
	}
	fs = fsopen(type, FSOPEN_CLOEXEC);
	mnt = fs < 0 ? -1 : make(fs, source, own, attr);
	return mnt < 0 ? refuse(fs, errno, err) : mnt;
}

int mnt_copy(int what, bool recursive)
{
	const unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int mnt;

	if (mnt_is_old())
		return old_copy(what, recursive);
	mnt = open_tree(what, "", flags | (recursive ? AT_RECURSIVE : 0U));
	return mnt < 0 ? -errno : mnt;
}

int mnt_set(int mount, const struct mount_attr *attr, bool recursive)
{
	struct mount_attr copy = *attr;

	if (mnt_is_old())
		return old_set(mount, attr, recursive);
	return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &copy, sizeof copy) < 0 ? -errno
														 : 0;
}

int mnt_move(int mount, int target)
{
	if (mnt_is_old())
		return old_move(mount, target);
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}
