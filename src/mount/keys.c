/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [mount]. */
#include "mount/keys.h"

#include "mount/entry.h"
#include "mount/mount.h"

static const char *const cgroup_names[] = {
	[MOUNT_CGROUP_AUTO] = "auto",
	[MOUNT_CGROUP_V2] = "v2",
	[MOUNT_CGROUP_HYBRID] = "hybrid",
	[MOUNT_CGROUP_V1] = "v1",
	NULL,
};

static int parse_entry(const struct key *key, void *field, const char *text, struct err *err)
{
	struct mount_entry entry;
	int r = mount_entry_parse(text, &entry, err);

	(void)key;
	mount_entry_done(&entry);
	return r < 0 ? r : strv_add(field, text) < 0 ? err_nomem(err) : 0;
}

static const struct key_type key_entry = { "SOURCE TARGET TYPE OPTIONS", sizeof(struct strv), parse_entry, key_print_strv,
					   key_clear_strv };

static const struct key keys[] = {
	{ .name = "entry",
	  .type = &key_entry,
	  .off = offsetof(struct mount_conf, entry),
	  .flags = KEY_LIST,
	  .help = "What else it sees, as a line of fstab; idmap, create, optional and relative are options too." },
	{ .name = "cgroup",
	  .type = &key_enum,
	  .off = offsetof(struct mount_conf, cgroup),
	  .def = "auto",
	  .names = cgroup_names,
	  .help = "Cgroup file systems inside; auto: v2 alone where the host has it, else v1." },
	{ 0 },
};

const struct section mount_section = { .name = "mount", .keys = keys };
