/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the host's a container has mounted. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mount/entry.h"
#include "spec/spec.h"
#include "storage/storage.h"

int spec_check_source(const struct mount_entry *e, int source, bool mapped, const struct store *store, struct err *err)
{
	struct stat st;

	if (mount_entry_is_readonly(e) || (!e->idmap && mapped)) /* what is root's is nobody's then */
		return 0;
	if (!e->trusted && store_check_own(source, e->source, store, STORE_AS_VOLUME, err) < 0)
		return -err->code;
	if (e->exposed)
		return 0;
	if (fstat(source, &st) < 0)
		return err_sys(err, errno, "look at '%s'", e->source);
	if (S_ISDIR(st.st_mode))
		return storage_check_exposed(source, e->source, "the option 'exposed'", err);
	if (!S_ISREG(st.st_mode)) /* not to be executed */
		return 0;
	return storage_check_exposed_file(e->source, "the option 'exposed'", err);
}

static int check_entry(const struct spec *spec, const char *text, const struct store *store, struct err *err)
{
	autocall(mount_entry_done) struct mount_entry e = { 0 };
	autoclose int source = -1;

	if (mount_entry_parse(text, &e, err) < 0)
		return -err->code;
	if (!e.bind || e.relative)
		return 0;
	source = open(e.source, O_PATH | O_CLOEXEC);
	if (source < 0) /* it may come, and a start will say so */
		return 0;
	if (spec_check_source(&e, source, spec->container.idmap.mode == IDMAP_MAP, store, err) < 0)
		return err_wrap(err, "mount.entry");
	return 0;
}

int spec_check_sources(const struct spec *spec, const struct store *store, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < spec->mount.entry.n && r == 0; i++)
		r = check_entry(spec, spec->mount.entry.v[i], store, err);
	return r;
}
