/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "unit/internal.h"

#define CGROUPS "/sys/fs/cgroup/"

bool unit_is_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

bool unit_here(void)
{
	return unit_is_systemd() && access(UNIT_PROGRAM, X_OK) == 0;
}

bool unit_is_enabled(const char *name)
{
	autofree char *pattern =
		str_fmt("/etc/systemd/system/*.wants/mgr@%s.service", name); /* a name has no special letters */
	glob_t found = { 0 };
	bool is = pattern && glob(pattern, GLOB_NOSORT, NULL, &found) == 0;

	globfree(&found);
	return is;
}

int unit_cgroup(char *ret, size_t size, struct err *err)
{
	autofree char *text = NULL;
	const char *line;
	int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL, err);

	if (r < 0)
		return r;
	line = strstr(text, "0::/");
	if (!line || (line > text && line[-1] != '\n'))
		return err_set(err, ENOENT, "this process has no cgroup of v2");
	line += strlen("0::/");
	if (str_print(ret, size, "%.*s", (int)strcspn(line, "\n"), line) < 0)
		return err_set(err, ENAMETOOLONG, "the cgroup of this process has too long a name");
	return 0;
}

/* Set by systemd; programs without privileges see the second alone, since version 251. */
static bool is_delegated(const char *cgroup)
{
	static const char *const names[] = { "trusted.delegate", "user.delegate" };
	autofree char *path = str_fmt(CGROUPS "%s", cgroup);
	char value[2];

	for (size_t i = 0; path && i < ARRAY_SIZE(names); i++)
		if (getxattr(path, names[i], value, sizeof value) == 1 && value[0] == '1')
			return true;
	return false;
}

int unit_own(const char *name, char *ret, size_t size, struct err *err)
{
	autofree char *unit = str_fmt("mgr@%s.service", name);
	const char *last;
	int r = unit ? unit_cgroup(ret, size, err) : err_nomem(err);

	if (r < 0)
		return r;
	last = strrchr(ret, '/');
	return last && str_eq(last + 1, unit) && is_delegated(ret);
}
