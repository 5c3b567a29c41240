/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/fs.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mnt.h"
#include "base/proc.h"

#define FILE_FD 3
#define FILE_AT "/proc/self/fd/3"
#define TYPE    "type="

/* The first is the usual one. A file of zeros needs none written over. Copies have one uuid: xfs wants to be told that they
 * may. An ext4 can say that the machine is to panic where it is damaged. */
static const struct fs known[] = {
	{ .name = "ext4",
	  .package = "e2fsprogs",
	  .make = { "/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b4096", "-m0", "-Elazy_journal_init=1" },
	  .at = 0x438,
	  .magic = "\x53\xef",
	  .options = "discard,errors=remount-ro",
	  .grow = fs_grow_ext4 },
	{ .name = "xfs",
	  .package = "xfsprogs",
	  .make = { "/sbin/mkfs.xfs", "-q", "-f" },
	  .magic = "XFSB",
	  .options = "discard,nouuid",
	  .grow = fs_grow_xfs },
	{ .name = "btrfs",
	  .package = "btrfs-progs",
	  .make = { "/sbin/mkfs.btrfs", "-q", "-f" },
	  .at = 0x10040,
	  .magic = "_BHRfS_M",
	  .options = "discard",
	  .grow = fs_resize_btrfs,
	  .shrink = fs_resize_btrfs },
};

const struct fs *fs_named(const char *type, struct err *err)
{
	autocall(str_done) struct str names = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!type || str_eq(known[i].name, type))
			return &known[i];
		str_addf(&names, i ? ", %s" : "%s", known[i].name);
	}
	err_set(err, EINVAL, "rootfs.options: type=%s: known are %s", type, str_text(&names));
	return NULL;
}

const char *fs_wanted(const struct strv *options)
{
	for (size_t i = 0; i < options->n; i++)
		if (str_starts(options->v[i], TYPE))
			return options->v[i] + strlen(TYPE);
	return NULL;
}

int fs_probe(int file, const struct fs **ret, struct err *err)
{
	char found[16];

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const size_t n = strlen(known[i].magic);
		if (pread(file, found, n, (off_t)known[i].at) == (ssize_t)n && memcmp(found, known[i].magic, n) == 0) {
			*ret = &known[i];
			return 0;
		}
	}
	return err_set(err, EMEDIUMTYPE, "there is no file system in it that is known");
}

/* A program of the file system's: its exit status. */
static int run(const struct fs *fs, const char *const argv[], int file, struct err *err)
{
	const struct proc_fd fds[] = { { file, FILE_FD } };
	int status, r;
	pid_t pid = proc_spawn(argv, fds, 1, NULL, err);

	if (pid == -ENOENT)
		return err_set(err, ENOENT, "'%s' is needed for %s, and is not there (package %s)", argv[0], fs->name,
			       fs->package);
	r = pid < 0 ? pid : proc_wait(pid, CLOCK_NEVER, &status, err);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : err_set(err, ECANCELED, "'%s' was killed", argv[0]);
}

/* What it has to say when it refuses is the error. lasting: half of what it does is damage. */
static int run_well(const struct fs *fs, const char *const argv[], int file, bool lasting, struct err *err)
{
	const struct proc_fd fds[] = { { file, FILE_FD } };
	int r = (lasting ? proc_run_lasting : proc_run)(argv, fds, 1, err);

	if (r == -ENOENT)
		return err_set(err, ENOENT, "'%s' is needed for %s, and is not there (package %s)", argv[0], fs->name,
			       fs->package);
	return r;
}

int fs_make(const struct fs *fs, int file, struct err *err)
{
	const char *argv[ARRAY_SIZE(fs->make) + 2] = { NULL };
	size_t n = 0;

	for (; fs->make[n]; n++)
		argv[n] = fs->make[n];
	argv[n] = FILE_AT;
	return run_well(fs, argv, file, false, err) < 0 ? err_wrap(err, "make a file system (%s)", fs->name) : 0;
}

/* --- ext4 checks itself by a program before it is mounted ----------------------------------------------------------------
 */

#define EXT4_SUPER      1024
#define EXT4_MOUNTS     0x34 /* le16 s_mnt_count; s_max_mnt_count follows, which is 0 or less for never */
#define EXT4_STATE      0x3a /* le16: */
#define EXT4_VALID      1
#define EXT4_ERROR      2
#define EXT4_CHECKED    0x40 /* le32 s_lastcheck; s_checkinterval follows, in s; 0: never */
#define E2FSCK_UNMENDED 4    /* this status, and those above it (e2fsck(8)) */

static unsigned le16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint64_t le32(const uint8_t *p)
{
	return le16(p) | (uint64_t)le16(p + 2) << 16;
}

/* As mount(8)'s callers ask at boot: "Kernel documentation, ext4, The Super Block". */
static bool wants_check(int file)
{
	uint8_t super[EXT4_CHECKED + 8];
	unsigned state, most;
	uint64_t interval;

	if (pread(file, super, sizeof super, EXT4_SUPER) != sizeof super)
		return false;
	state = le16(super + EXT4_STATE);
	most = le16(super + EXT4_MOUNTS + 2);
	interval = le32(super + EXT4_CHECKED + 4);
	if (!(state & EXT4_VALID) || state & EXT4_ERROR)
		return true;
	if (most > 0 && most < 0x8000 && le16(super + EXT4_MOUNTS) >= most)
		return true;
	return interval && (uint64_t)time(NULL) >= le32(super + EXT4_CHECKED) + interval;
}

int fs_check(const struct fs *fs, int file, const char *path, bool always, struct err *err)
{
	const char *const argv[] = { "/sbin/e2fsck", always ? "-fp" : "-p", FILE_AT, NULL };
	int r;

	if (!str_eq(fs->name, "ext4") || (!always && !wants_check(file)))
		return 0;
	r = run(fs, argv, file, err);
	if (r >= E2FSCK_UNMENDED)
		return err_set(err, EUCLEAN,
			       "the file system in '%s' is damaged, and not mended without a word of yours: e2fsck -f %s",
			       path, path);
	if (r > 0)
		log_warn("e2fsck has mended the file system in '%s'", path);
	return r < 0 ? r : 0;
}

int fs_resize_file(const struct fs *fs, int file, const char *path, uint64_t size, struct err *err)
{
	autofree char *blocks = str_fmt("%juK", (uintmax_t)(size / 1024));
	const char *const argv[] = { "/sbin/resize2fs", FILE_AT, blocks, NULL };
	int r;

	if (!blocks)
		return err_nomem(err);
	if (!str_eq(fs->name, "ext4"))
		return err_set(err, EOPNOTSUPP, "%s cannot be made smaller", fs->name);
	r = fs_check(fs, file, path, true, err);
	if (r == 0)
		r = run_well(fs, argv, file, true, err);
	return r < 0 ? r : 0;
}

/* --- mounting ---------------------------------------------------------------------------------------------------------- */

/* Of one value of rootfs.options: those of the file system, and what the mount is to have. */
static int add_options(const char *value, struct str *all, uint64_t *attr)
{
	autofree char *own = strdup(value);
	uint64_t clear = 0;
	char *rest = own;

	for (const char *word; (word = strsep(&rest, ","));)
		if (*word && !str_starts(word, TYPE) && !mnt_flag(word, attr, &clear))
			str_addf(all, ",%s", word);
	return own && !all->failed ? 0 : -ENOMEM;
}

int fs_mount(const struct fs *fs, unsigned loop, const struct strv *options, struct err *err)
{
	autocall(str_done) struct str all = { 0 };
	uint64_t attr = 0;
	char device[32];
	int r;

	str_add(&all, fs->options);
	r = all.failed ? -ENOMEM : 0;
	for (size_t i = 0; options && i < options->n && r == 0; i++)
		r = add_options(options->v[i], &all, &attr);
	if (r < 0)
		return err_nomem(err);
	if (mnt_lacks_stage())
		return err_set(err, EOPNOTSUPP, "its file system can be mounted by a start alone before Linux 5.12");
	str_print(device, sizeof device, "/dev/loop%u", loop);
	r = mnt_new(fs->name, device, str_text(&all), (unsigned)attr, err);
	if (r == -EEXIST && str_eq(fs->name, "btrfs"))
		return err_set(err, EBUSY, "a btrfs of which it is a copy is mounted, and before Linux 6.7 both cannot be");
	return r < 0 ? err_wrap(err, "mount it (%s, %s)", fs->name, str_text(&all)) : r;
}
