/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a command cannot be run. For execve(2) a file whose interpreter is missing is itself "No such file or directory". */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "init/init.h"

static bool is_there(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH, 0);

	return fd >= 0;
}

/* Where PATH has the name; NULL: nowhere. */
static char *find_in_path(int root, const char *name)
{
	autofree char *copy = strdup(getenv("PATH") ? getenv("PATH") : "");
	char *save = NULL;

	for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir; dir = strtok_r(NULL, ":", &save)) {
		autofree char *path = str_fmt("%s/%s", dir, name);
		if (path && is_there(root, path))
			return steal_ptr(&path);
	}
	return NULL;
}

/* A path that is not absolute begins at the working folder. */
static char *find(int root, const char *name)
{
	if (!strchr(name, '/'))
		return find_in_path(root, name);
	if (name[0] == '/')
		return strdup(name);
	autofree char *cwd = getcwd(NULL, 0);
	return cwd ? str_fmt("%s/%s", cwd, name) : NULL;
}

int init_explain(int root, const char *name, int code, struct err *err)
{
	const bool absent = code == ENOENT || code == ENOTDIR;
	autofree char *path = code == ENOENT ? find(root, name) : NULL;

	if (path && is_there(root, path) && init_check(root, path, err) < 0)
		err_wrap(err, "run '%s'", name);
	else
		err_sys(err, code, "run '%s'", name);
	return absent ? INIT_NOT_FOUND : INIT_CANNOT_EXECUTE;
}
