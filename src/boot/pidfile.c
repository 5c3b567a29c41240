/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pid file that a start asked for. run/NAME/pidfile is a link to it, so that the end of the run, by whomever, takes it
 * away; a reboot inside keeps both, since the supervisor stays the same process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "boot/internal.h"

#define LINK "pidfile"

int boot_remove_pidfile(int rundir, struct err *err)
{
	char path[PATH_LINK_LONGEST + 1];
	ssize_t n = readlinkat(rundir, LINK, path, sizeof path - 1);

	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "read '" LINK "'");
	path[n] = '\0';
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the pid file '%s'", path);
	return unlinkat(rundir, LINK, 0) < 0 ? err_sys(err, errno, "remove '" LINK "'") : 0;
}

int boot_make_pidfile(int rundir, const char *path, struct err *err)
{
	char text[16];
	int r = path ? boot_remove_pidfile(rundir, err) : 0; /* of a start that was killed before it made anything */

	if (r < 0 || !path)
		return r;
	str_print(text, sizeof text, "%d\n", (int)getpid());
	if (symlinkat(path, rundir, LINK) < 0)
		return err_sys(err, errno, "make '" LINK "'");
	r = file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, err);
	if (r == 0)
		return 0;
	unlinkat(rundir, LINK, 0);
	return err_wrap(err, "--pidfile");
}
