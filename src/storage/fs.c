/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "storage/confine.h"

#define FILE_FD   3
#define FILE_AT   "/proc/self/fd/3"
#define TYPE      "type="
#define MEND      MGR_LIBEXECDIR "/mgr-fs"
#define REPORT_FD 4
#define CHECKING  "--seconds=3600" /* more than any that is no trap takes */
#define RESIZING  "--seconds=86400"

/* The first is the usual one. A file of zeros needs none written over. Copies have one uuid: xfs wants to be told that they
 * may. An ext4 can say that the machine is to panic where it is damaged. */
static const struct fs known[] = {
	{ .name = "ext4",
	  .package = "e2fsprogs",
	  .make = { "/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b4096", "-m0", "-Elazy_journal_init=1" },
	  .at = 0x438,
	  .magic = "\x53\xef",
	  .also = { "ext2", "ext3" },
	  .needs = ",errors=remount-ro",
	  .mend = "e2fsck -f",
	  .look = ",noload",
	  .length = fs_length_ext4,
	  .super = 1024,
	  .grow = fs_grow_ext4 },
	{ .name = "xfs",
	  .package = "xfsprogs",
	  .make = { "/sbin/mkfs.xfs", "-q", "-f" },
	  .magic = "XFSB",
	  .needs = ",nouuid",
	  .mend = "xfs_repair",
	  .look = ",norecovery",
	  .length = fs_length_xfs,
	  .grow = fs_grow_xfs },
	{ .name = "btrfs",
	  .package = "btrfs-progs",
	  .make = { "/sbin/mkfs.btrfs", "-q", "-f" },
	  .at = 0x10040,
	  .magic = "_BHRfS_M",
	  .needs = "",
	  .mend = "btrfs check",
	  .look = ",rescue=nologreplay",
	  .length = fs_length_btrfs,
	  .super = 0x10000,
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

const struct fs *fs_driving(const char *content)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (str_eq(known[i].name, content))
			return &known[i];
		for (size_t k = 0; k < ARRAY_SIZE(known[i].also); k++)
			if (str_eq(known[i].also[k], content))
				return &known[i];
	}
	return NULL;
}

const struct fs *fs_wanted(const struct strv *options, struct err *err)
{
	for (size_t i = 0; i < options->n; i++) {
		autofree char *own = strdup(options->v[i]);
		char *rest = own;
		if (!own) {
			err_nomem(err);
			return NULL;
		}
		for (const char *word; (word = strsep(&rest, ","));)
			if (str_starts(word, TYPE))
				return fs_named(word + strlen(TYPE), err);
	}
	return fs_named(NULL, err);
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

static int check_program(const struct fs *fs, const char *program, struct err *err)
{
	return access(program, X_OK) == 0 ? 0
					  : err_set(err, errno, "'%s' is needed for %s, and is not there (package %s)",
						    program, fs->name, fs->package);
}

/* Of a file system that a stranger may have made: the exit status of argv[3], which mgr-fs runs. */
static int run_apart(const char *const argv[], int file, struct err *err)
{
	autoclose int heard = -1;
	struct err said;
	int pair[2], status, r;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, errno, "make a pipe");
	heard = pair[0];
	pid = proc_spawn(argv, (const struct proc_fd[]){ { file, CONFINE_FILE }, { pair[1], REPORT_FD } }, 2, NULL, err);
	close(pair[1]);
	r = pid < 0 ? pid : proc_wait(pid, CLOCK_NEVER, &status, err);
	if (r < 0)
		return r;
	if (WIFEXITED(status) && WEXITSTATUS(status) != CONFINE_FAILED)
		return WEXITSTATUS(status);
	if (read(heard, &said, sizeof said) != sizeof said)
		return err_set(err, ECANCELED, "'%s' was killed", argv[0]);
	said.msg[sizeof said.msg - 1] = '\0';
	return err_set(err, said.code, "%s", said.msg);
}

int fs_make(const struct fs *fs, int file, struct err *err)
{
	const char *argv[ARRAY_SIZE(fs->make) + 2] = { NULL };
	size_t n = 0;

	for (; fs->make[n]; n++)
		argv[n] = fs->make[n];
	argv[n] = FILE_AT;
	if (check_program(fs, argv[0], err) < 0)
		return -err->code;
	return proc_run(argv, &(struct proc_fd){ file, FILE_FD }, 1, err) < 0
		       ? err_wrap(err, "make a file system (%s)", fs->name)
		       : 0;
}

/* --- ext4 checks itself by a program before it is mounted ----------------------------------------------------------------
 */

#define EXT4_SUPER      1024
#define EXT4_MOUNTS     0x34 /* le16 s_mnt_count; s_max_mnt_count follows, which is 0 or less for never */
#define EXT4_STATE      0x3a /* le16: */
#define EXT4_VALID      1
#define EXT4_ERROR      2
#define EXT4_CHECKED    0x40 /* le32 s_lastcheck; s_checkinterval follows, in s; 0: never */
#define E2FSCK          "/sbin/e2fsck"
#define RESIZE2FS       "/sbin/resize2fs"
#define EXT4_BLOCK      0x18 /* le32: 1024 bytes, shifted by that */
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

int fs_say_damaged(const struct fs *fs, const char *path, uint64_t offset, struct err *err)
{
	autofree char *at = offset ? str_fmt("'%s?offset=%ju'", path, (uintmax_t)offset) : strdup(path);

	return err_set(err, EUCLEAN, "the file system in '%s' is damaged, and not mended without a word of yours: %s %s",
		       path, fs->mend, at ? at : path);
}

int fs_check(const struct fs *fs, int file, const char *path, bool always, struct err *err)
{
	const char *const argv[] = { MEND, CHECKING, "--report=4", E2FSCK, always ? "-fp" : "-p", CONFINE_FILE_AT, NULL };
	int r;

	if (!str_eq(fs->name, "ext4") || (!always && !wants_check(file)))
		return 0;
	r = check_program(fs, E2FSCK, err);
	if (r == 0)
		r = run_apart(argv, file, err);
	if (r >= E2FSCK_UNMENDED)
		return fs_say_damaged(fs, path, 0, err);
	if (r > 0)
		log_warn("e2fsck has mended the file system in '%s'", path);
	return r < 0 ? r : 0;
}

/* resize2fs tells it in blocks. */
static int explain_least(int file, struct err *err)
{
	const char *said = strstr(err->msg, "smaller than minimum (");
	uint64_t blocks = said ? strtoull(strchr(said, '(') + 1, NULL, 10) : 0;
	uint8_t shift[4];

	if (!blocks || pread(file, shift, sizeof shift, EXT4_SUPER + EXT4_BLOCK) != sizeof shift || le32(shift) > 6)
		return -err->code;
	blocks <<= le32(shift);
	return err_set(err, ENOSPC, "what is in it needs %juM", (uintmax_t)(blocks + 1023) / 1024);
}

int fs_resize_file(const struct fs *fs, int file, const char *path, uint64_t size, struct err *err)
{
	autofree char *blocks = str_fmt("%juK", (uintmax_t)(size / 1024));
	const char *const argv[] = { MEND, RESIZING, RESIZE2FS, CONFINE_FILE_AT, blocks, NULL };
	const struct proc_fd fd = { file, CONFINE_FILE };
	const struct proc_job job = { .argv = argv, .fds = &fd, .n = 1, .lasting = true };
	int r;

	if (!blocks)
		return err_nomem(err);
	if (!str_eq(fs->name, "ext4"))
		return err_set(err, EOPNOTSUPP, "%s cannot be made smaller", fs->name);
	r = fs_check(fs, file, path, true, err);
	if (r == 0)
		r = check_program(fs, RESIZE2FS, err);
	if (r == 0 && proc_run_job(&job, err) < 0)
		r = explain_least(file, err);
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

	str_addf(&all, "discard%s", fs->needs); /* what is removed gives its room back */
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
