/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <libfdisk.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "storage/probe/probe.h"

#define USUAL_SECTOR 512
#define LARGE_SECTOR 4096

static void copy(char *to, size_t size, const char *from)
{
	if (from)
		str_print(to, size, "%.*s", (int)size - 1, from);
}

/* false: it is none that could be used. */
static bool describe(struct fdisk_partition *pa, uint64_t sector, struct probe_part *ret)
{
	const struct fdisk_parttype *type = fdisk_partition_get_type(pa);
	const char *guid = type ? fdisk_parttype_get_string(type) : NULL;

	*ret = (struct probe_part){ 0 };
	if (!fdisk_partition_is_used(pa) || fdisk_partition_is_container(pa) || fdisk_partition_is_freespace(pa) ||
	    !fdisk_partition_has_start(pa) || !fdisk_partition_has_size(pa) || !fdisk_partition_has_partno(pa))
		return false;
	ret->number = (uint32_t)fdisk_partition_get_partno(pa) + 1;
	if (__builtin_mul_overflow(fdisk_partition_get_start(pa), sector, &ret->offset) ||
	    __builtin_mul_overflow(fdisk_partition_get_size(pa), sector, &ret->length))
		return false;
	if (guid)
		copy(ret->type, sizeof ret->type, guid);
	else if (type)
		str_print(ret->type, sizeof ret->type, "%02x", fdisk_parttype_get_code(type));
	copy(ret->type_name, sizeof ret->type_name, type ? fdisk_parttype_get_name(type) : NULL);
	copy(ret->name, sizeof ret->name, fdisk_partition_get_name(pa));
	return ret->length > 0;
}

static int list(struct fdisk_context *cxt, struct probe_part *parts, size_t *ret_n, struct err *err)
{
	struct fdisk_table *table = NULL;
	int r = fdisk_get_partitions(cxt, &table);

	if (r < 0)
		return err_sys(err, -r, "read its partition table");
	for (size_t i = 0; i < fdisk_table_get_nents(table); i++) {
		if (*ret_n == PROBE_PARTS_MAX) {
			r = err_set(err, E2BIG, "it has more than %d partitions", PROBE_PARTS_MAX);
			break;
		}
		*ret_n += describe(fdisk_table_get_partition(table, i), fdisk_get_sector_size(cxt), &parts[*ret_n]);
	}
	fdisk_unref_table(table);
	return r;
}

/* -ENODATA: there is none for sectors of this size. */
static int read_table(int fd, unsigned sector, const char **ret_kind, struct probe_part *parts, size_t *ret_n,
		      struct err *err)
{
	struct fdisk_context *cxt = fdisk_new_context();
	const char *kind = NULL;
	int r = -ENODATA;

	if (!cxt)
		return err_nomem(err);
	fdisk_disable_dialogs(cxt, 1);
	fdisk_save_user_sector_size(cxt, sector, sector);
	if (fdisk_assign_device_by_fd(cxt, fd, "disk", 1) == 0) { /* else it is too small for a table */
		kind = fdisk_has_label(cxt) ? fdisk_label_get_name(fdisk_get_label(cxt, NULL)) : NULL;
		if (str_eq(kind, "gpt") || str_eq(kind, "dos")) {
			*ret_kind = str_eq(kind, "gpt") ? "gpt" : "dos";
			r = list(cxt, parts, ret_n, err);
		}
		fdisk_deassign_device(cxt, 1);
	}
	fdisk_unref_context(cxt);
	return r;
}

static bool is_guard(const struct probe_part *part)
{
	return str_eq(part->type, "ee");
}

/* Before a GPT for other sectors there is an MBR for all. */
int probe_table(int fd, const char **ret_kind, struct probe_part *parts, size_t *ret_n, struct err *err)
{
	int r;

	*ret_kind = NULL;
	*ret_n = 0;
	r = read_table(fd, USUAL_SECTOR, ret_kind, parts, ret_n, err);
	if (r == 0 && str_eq(*ret_kind, "dos") && *ret_n > 0 && is_guard(&parts[0])) {
		const char *kind = NULL;
		size_t n = 0;
		struct probe_part first = parts[0];
		r = read_table(fd, LARGE_SECTOR, &kind, parts, &n, err);
		if (r == 0 && str_eq(kind, "gpt")) {
			*ret_kind = kind;
			*ret_n = n;
		} else {
			parts[0] = first;
			r = 0;
		}
	}
	return r == -ENODATA ? 0 : r;
}
