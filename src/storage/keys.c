/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [rootfs]. */
#include "storage/keys.h"

#include "storage/storage.h"

/* Which backends there are, and what each takes behind the colon, storage_find says. */
static int parse_rootfs(const struct key *key, void *field, const char *text, struct err *err)
{
	const struct rootfs_conf conf = { .path = (char *)(uintptr_t)text };
	const char *path;

	(void)key;
	if (!storage_find(&conf, &path, err))
		return -err->code;
	return key_store_string(field, text, err);
}

static const struct key_type key_rootfs = { "BACKEND:PATH", sizeof(char *), parse_rootfs, key_print_string,
					    key_clear_string };

#define AT(field) offsetof(struct rootfs_conf, field)

static const struct key keys[] = {
	{ .name = "path", .type = &key_rootfs, .off = AT(path), .help = "Where its root file system is." },
	{ .name = "readonly",
	  .type = &key_bool,
	  .off = AT(readonly),
	  .def = "no",
	  .help = "Mount it read-only, beyond recall by what is inside; a privileged container can remount it." },
	{ .name = "size",
	  .type = &key_size,
	  .off = AT(size),
	  .min = 1 << 20,
	  .max = INT64_MAX,
	  .flags = KEY_LIVE,
	  .help = "How large it is; it can grow while it runs, unless it is written in blocks (block)." },
	{ .name = "options",
	  .type = &key_words,
	  .off = AT(options),
	  .help = "What the file system of an image is mounted with; type=xfs says which one to make." },
	{ .name = "exposed",
	  .type = &key_bool,
	  .off = AT(exposed),
	  .def = "no",
	  .help = "Use it although others than root can come to it, and run as root what the container's root leaves "
		  "there." },
	{ 0 },
};

const struct section storage_rootfs_section = { .name = "rootfs", .keys = keys };
