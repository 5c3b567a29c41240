/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a qcow2 disk shows, as a file. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "storage/disk_internal.h"

int disk_convert_all(const char *path, const struct strv *from, int folder, const char *name, struct err *err)
{
	autofree char *to = str_fmt("/proc/self/fd/3/%s", name);
	autocall(strv_done) struct strv argv = { 0 };
	int r = strv_add(&argv, DISK_PROGRAM) | strv_add(&argv, "--convert");

	for (size_t i = 0; i < from->n; i++)
		r |= strv_addf(&argv, "--backing-from=%s", from->v[i]);
	if (!to || r | strv_add(&argv, path) | strv_add(&argv, to))
		return err_nomem(err);
	return proc_run((const char *const *)argv.v, &(struct proc_fd){ folder, 3 }, 1, err);
}

int disk_convert(const struct disk *disk, const char *path, int folder, const char *name, proc_progress_fn *progress,
		 void *data, struct err *err)
{
	autofree char *to = str_fmt("/proc/self/fd/3/%s", name);
	autocall(strv_done) struct strv argv = { 0 };
	int r = strv_add(&argv, DISK_PROGRAM) | strv_add(&argv, "--convert") |
		strv_addf(&argv, "--offset=%ju", (uintmax_t)disk->offset) |
		strv_addf(&argv, "--length=%ju", (uintmax_t)disk->length);

	if (disk->from)
		r |= strv_addf(&argv, "--backing-from=%s", disk->from);
	if (progress)
		r |= strv_add(&argv, "--progress");
	if (!to || r | strv_add(&argv, path) | strv_add(&argv, to))
		return err_nomem(err);
	return proc_run_job(&(struct proc_job){ .argv = (const char *const *)argv.v,
						.fds = &(struct proc_fd){ folder, 3 },
						.n = 1,
						.progress = progress,
						.data = data },
			    err);
}
