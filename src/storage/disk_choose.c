/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which part of a disk is to be the root file system. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys.h"
#include "storage/disk_internal.h"

/* Nothing with the owners and modes that a root needs. */
static const char *const foreign[] = { "vfat", "exfat", "ntfs", "iso9660", "udf", "hfsplus", "hfs", "apfs" };

static bool is_filesystem(const struct disk_part *part)
{
	return str_eq(part->usage, "filesystem");
}

/* Of the partitions; of a disk without them, see choose_whole. */
static bool may_be_root(const struct disk_part *part)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (str_eq(part->fs, foreign[i]))
			return false;
	return is_filesystem(part);
}

static bool has_root_type(const struct disk_part *part)
{
	return str_eq(part->table, "gpt") && strcasecmp(part->type, SYS_GPT_ROOT) == 0;
}

static void add_size(struct str *s, uint64_t bytes)
{
	static const char units[] = "KMGT";
	size_t i = 0;

	for (bytes >>= 10; i + 2 < sizeof units && bytes >= 10240; i++)
		bytes >>= 10;
	str_addf(s, "%llu%c", (unsigned long long)bytes, units[i]);
}

/* "2 (64M, Linux root (x86-64), ext4 'system')" */
static void add_part(struct str *s, const struct disk_part *part)
{
	const char *label = *part->label ? part->label : part->name;

	str_addf(s, "%llu (", (unsigned long long)part->number);
	add_size(s, part->length);
	str_addf(s, ", %s", part->number == 0 ? "all of the disk" : *part->type_name ? part->type_name : part->type);
	str_addf(s, ", %s", str_eq(part->fs, "?") ? "several things at once" : *part->fs ? part->fs : "nothing known");
	str_addf(s, *label ? " '%s')" : ")", label);
}

static int refuse(const struct disk_parts *parts, const char *why, int code, struct err *err)
{
	autocall(str_done) struct str list = { 0 };

	for (size_t i = is_filesystem(&parts->v[0]) ? 0 : 1; i < parts->n; i++) {
		if (list.len)
			str_add(&list, ", ");
		add_part(&list, &parts->v[i]);
	}
	if (list.failed)
		return err_nomem(err);
	return err_set(err, code, "%s: --partition chooses: %s", why, list.len ? str_text(&list) : "there is none");
}

/* What was chosen holds a file system, inside the disk. */
static int check(const struct disk_parts *parts, const struct disk_part *part, struct err *err)
{
	const uint64_t size = parts->v[0].length;
	autofree char *which = part->number ? str_fmt("partition %llu", (unsigned long long)part->number) : NULL;
	const char *what = which ? which : "the disk";

	if (part->offset >= size || part->length > size - part->offset)
		return err_set(err, EINVAL, "%s ends behind the end of the file: that is not all of the disk", what);
	if (str_eq(part->fs, "?"))
		return err_set(err, EINVAL, "%s could be several things at once: wipefs(8) shows them", what);
	if (str_eq(part->usage, "crypto"))
		return err_set(err, EINVAL, "%s is encrypted (%s), which mgr cannot open", what, part->fs);
	if (!is_filesystem(part))
		return err_set(err, EINVAL, "%s holds no file system: %s%s", what,
			       *part->fs ? "it is " : "nothing known is on it", part->fs);
	return 0;
}

static int choose_number(const struct disk_parts *parts, int64_t wanted, const struct disk_part **ret, struct err *err)
{
	char why[64];

	for (size_t i = 0; i < parts->n; i++)
		if ((int64_t)parts->v[i].number == wanted) {
			*ret = &parts->v[i];
			return check(parts, *ret, err);
		}
	str_print(why, sizeof why, "it has no partition %lld", (long long)wanted);
	return refuse(parts, why, ENOENT, err);
}

/* 1; 0: there is none, or several. */
static int choose_type(const struct disk_parts *parts, const struct disk_part **ret)
{
	size_t n = 0;

	for (size_t i = 1; i < parts->n; i++)
		if (has_root_type(&parts->v[i]) && n++ == 0)
			*ret = &parts->v[i];
	return n == 1;
}

static int choose_content(int file, const char *path, const struct disk_parts *parts, const struct disk_part **ret,
			  struct err *err)
{
	struct err why = { 0 };
	size_t n = 0;

	for (size_t i = 1; i < parts->n; i++) {
		const struct disk_part *part = &parts->v[i];
		if (!may_be_root(part) || check(parts, part, NULL) < 0)
			continue;
		int r = disk_has_root(file, path, part, &why);
		if (r > 0 && n++ == 0)
			*ret = part;
	}
	if (n == 1)
		return 0;
	return n ? refuse(parts, "more than one partition holds a root file system", ENOTUNIQ, err)
		 : refuse(parts, "no partition holds a root file system", ENOTUNIQ, err);
}

/* All that is left is the MBR that stands before one. */
static bool has_lost_table(const struct disk_parts *parts)
{
	return parts->n > 1 && str_eq(parts->v[1].table, "dos") && str_eq(parts->v[1].type, "ee");
}

static int choose(int file, const char *path, const struct disk_parts *parts, int64_t wanted, const struct disk_part **ret,
		  struct err *err)
{
	const struct disk_part *whole = &parts->v[0];

	if (has_lost_table(parts))
		return err_set(err, EINVAL, "its GPT partition table cannot be read: is that all of the disk?");
	if (wanted >= 0)
		return choose_number(parts, wanted, ret, err);
	if (parts->n == 1) {
		*ret = whole;
		return check(parts, whole, err);
	}
	if (is_filesystem(whole))
		return refuse(parts, "it is a file system and has a partition table too", ENOTUNIQ, err);
	return choose_type(parts, ret) ? check(parts, *ret, err) : choose_content(file, path, parts, ret, err);
}

int disk_look(int probed, int file, const char *path, int64_t wanted, struct disk *ret, struct err *err)
{
	autocall(disk_parts_done) struct disk_parts found = { 0 };
	const struct disk_part *part = NULL;

	if (disk_probe(probed, &found, err) < 0 || choose(file, path, &found, wanted, &part, err) < 0)
		return err_wrap(err, "'%s'", path);
	ret->partition = part->number;
	ret->offset = part->offset;
	ret->length = part->length;
	ret->whole = found.v[0].length;
	return str_print(ret->fs, sizeof ret->fs, "%s", part->fs) < 0
		       ? err_set(err, EINVAL, "'%s' holds '%s'", path, part->fs)
		       : 0;
}
