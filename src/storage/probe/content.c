/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <blkid.h>
#include <errno.h>

#include "base/str.h"
#include "storage/probe/probe.h"

static void take(blkid_probe pr, const char *name, char *to, size_t size)
{
	const char *text;

	if (blkid_probe_lookup_value(pr, name, &text, NULL) == 0)
		str_print(to, size, "%.*s", (int)size - 1, text);
}

int probe_content(int fd, uint64_t offset, uint64_t length, struct probe_content *ret, struct err *err)
{
	blkid_probe pr = blkid_new_probe();
	int r;

	*ret = (struct probe_content){ 0 };
	if (!pr)
		return err_nomem(err);
	errno = EIO;
	r = blkid_probe_set_device(pr, fd, (blkid_loff_t)offset, (blkid_loff_t)length);
	if (r == 0) {
		blkid_probe_enable_superblocks(pr, 1);
		blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_LABEL |
							      BLKID_SUBLKS_UUID);
		r = blkid_do_safeprobe(pr); /* 0: found; 1: nothing; -2: several things */
	}
	if (r == 0) {
		take(pr, "TYPE", ret->fs, sizeof ret->fs);
		take(pr, "USAGE", ret->usage, sizeof ret->usage);
		take(pr, "LABEL", ret->label, sizeof ret->label);
		take(pr, "UUID", ret->uuid, sizeof ret->uuid);
	}
	ret->unclear = r == -2;
	if (r == -1)
		err_sys(err, errno, "look at what it holds");
	blkid_free_probe(pr);
	return r == -1 ? -err->code : 0;
}
