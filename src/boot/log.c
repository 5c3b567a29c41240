/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container's log, and that of its console. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "boot/internal.h"

int boot_open_log(struct boot *b, struct err *err)
{
	autoclose int folder = store_log_folder(&b->store, b->name, true, err);

	if (folder < 0)
		return folder;
	b->log = store_log_open(folder, "log", err);
	if (b->log < 0)
		return b->log;
	log_to(b->log, LOG_INFO, b->name);
	return 0;
}

static int open_elsewhere(const char *path, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "console.logfile: open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "console.logfile: '%s' is no regular file", path);
	return steal_fd(&fd);
}

/* A log that is elsewhere has a link in the usual place, for whoever looks there. */
int boot_open_console_log(struct boot *b, struct err *err)
{
	const char *path = b->spec.console.logfile;
	autoclose int folder = store_log_folder(&b->store, b->name, true, err), fd = -1;
	struct stat st;
	bool is_link;

	if (folder < 0)
		return folder;
	is_link = fstatat(folder, "console", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
	if (is_link)
		(void)unlinkat(folder, "console", 0);
	fd = path ? open_elsewhere(path, err) : store_log_open(folder, "console", err);
	if (fd < 0)
		return fd;
	if (path && !is_link)
		(void)renameat(folder, "console", folder, "console.1");
	if (path && symlinkat(path, folder, "console") < 0)
		return err_sys(err, errno, "link the console's log to '%s'", path);
	if (b->console_log >= 0) /* of the run before this reboot */
		close(b->console_log);
	b->console_log = steal_fd(&fd);
	return 0;
}
