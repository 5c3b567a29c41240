/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "mount/internal.h"
#include "mount/mount.h"

#define TOP "/sys/fs/cgroup"

static const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

/* "name=systemd" is shown in a folder "systemd" and mounted as "none,name=systemd", "cpu,cpuacct" is both. */
static int mount_v1(const char *controllers, struct err *err)
{
	bool named = str_starts(controllers, "name=");
	autofree char *path = str_fmt(TOP "/%s", named ? strchr(controllers, '=') + 1 : controllers);
	autofree char *data = str_fmt("%s%s", named ? "none," : "", controllers);

	if (!path || !data)
		return err_nomem(err);
	return mount_on("cgroup", path, safe, data, err);
}

int mount_cgroups(bool v2, const char *const v1[], size_t n_v1, struct err *err)
{
	int r;

	if (n_v1 == 0)
		return v2 ? mount_on("cgroup2", TOP, safe, NULL, err) : 0;
	r = mount_on("tmpfs", TOP, safe, "mode=0755,size=64k", err);
	for (size_t i = 0; r == 0 && i < n_v1; i++)
		r = mount_v1(v1[i], err);
	if (r == 0 && v2)
		r = mount_on("cgroup2", TOP "/unified", safe, NULL, err);
	if (r == 0 && mount(NULL, TOP, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | safe, NULL) < 0)
		return err_sys(err, errno, "make '" TOP "' read-only");
	return r;
}
