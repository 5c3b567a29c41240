/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/last.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"

#define FORMAT 1
#define LAST   "last"
#define MOST   1024 /* bytes: one block of any file system */
#define ROOM   4096 /* a block of btrfs */

/* btrfs has another place for all that is written, and none when it is full, unless it is told to use the one there is. What
 * is shorter than a block has none of its own there (since Linux 7 also where one was kept for it): so it is one long. */
static int write_first(int fd, const char *text)
{
	char all[ROOM];
	size_t n = strlen(text);
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_NOCOW_FL;
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0) {
			memset(all, '\n', sizeof all);
			memcpy(all, text, n);
			return file_write_all(fd, all, sizeof all);
		}
	}
	return file_write_all(fd, text, n);
}

/* Never run: older than any run's record, and it says nothing. */
void last_reserve(int folder)
{
	const struct timespec never[2] = { { 0 }, { 0 } };
	autoclose int fd = openat(folder, LAST, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write_first(fd, "\n") < 0)
		unlinkat(folder, LAST, 0); /* the next start tries again */
	else
		(void)futimens(fd, never);
}

static int write_new(int folder, const char *text)
{
	autoclose int fd = -1;
	char tmp[32];
	int r;

	snprintf(tmp, sizeof tmp, LAST ".%d.new", (int)getpid());
	fd = openat(folder, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_first(fd, text);
	if (r >= 0 && renameat(folder, tmp, folder, LAST) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(folder, tmp, 0);
	return r;
}

/* In the block that it has, by one write: whoever reads it meanwhile has the one or the other. */
static int write_over(int folder, const char *text)
{
	autoclose int fd = openat(folder, LAST, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	char all[MOST];
	struct stat st;
	size_t n = strlen(text);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	memset(all, '\n', sizeof all);
	memcpy(all, text, n);
	n = (size_t)st.st_size > n ? (size_t)st.st_size : n;
	n = n < sizeof all ? n : sizeof all;
	return pwrite(fd, all, n, 0) == (ssize_t)n ? 0 : -ENOSPC;
}

int last_write(int folder, const struct last *last, struct err *err)
{
	char text[MOST];
	int r;

	r = str_print(text, sizeof text,
		      "version %d\nstarted %" PRIu64 "\nended %" PRIu64 "\nstatus %d\nkilled %d\noom %" PRIu64
		      "\nrun %" PRIu32 "\nfailed %s\nlost %s\n",
		      FORMAT, last->started, last->ended, last->status, last->killed, last->oom_kills, last->run,
		      last->failed, last->lost);
	if (r >= 0)
		r = write_new(folder, text);
	if (r == -ENOSPC || r == -EDQUOT)
		r = write_over(folder, text);
	return r < 0 ? err_sys(err, -r, "write '" LAST "'") : 0;
}

/* "NAME VALUE": the value, when the line has this name. */
static const char *value(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static void read_line(struct last *last, const char *line)
{
	const char *v;

	if ((v = value(line, "started")))
		last->started = strtoull(v, NULL, 10);
	else if ((v = value(line, "ended")))
		last->ended = strtoull(v, NULL, 10);
	else if ((v = value(line, "status")))
		last->status = (int)strtol(v, NULL, 10);
	else if ((v = value(line, "killed")))
		last->killed = str_eq(v, "1");
	else if ((v = value(line, "oom")))
		last->oom_kills = strtoull(v, NULL, 10);
	else if ((v = value(line, "run")))
		last->run = (uint32_t)strtoul(v, NULL, 10);
	else if ((v = value(line, "failed")))
		str_print(last->failed, sizeof last->failed, "%s", v);
	else if ((v = value(line, "lost")))
		str_print(last->lost, sizeof last->lost, "%s", v);
}

int last_read(int folder, struct last *last, struct err *err)
{
	char text[ROOM + 1], *rest = text, *line;
	int r = file_read_small_at(folder, LAST, text, sizeof text, err);

	*last = (struct last){ .status = LAST_NO_STATUS };
	if (r >= 0 && !*text)
		r = err_sys(err, ENOENT, "read '" LAST "'");
	if (r < 0)
		return r;
	while ((line = strsep(&rest, "\n")))
		read_line(last, line);
	return 0;
}

bool last_is_missing(int folder, int rundir)
{
	struct stat undo, last;

	if (folder < 0 || fstatat(rundir, "undo", &undo, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return fstatat(folder, LAST, &last, AT_SYMLINK_NOFOLLOW) < 0 || last.st_mtim.tv_sec < undo.st_mtim.tv_sec ||
	       (last.st_mtim.tv_sec == undo.st_mtim.tv_sec && last.st_mtim.tv_nsec < undo.st_mtim.tv_nsec);
}

/* reboot(2) in a pid namespace ends its init by one of two signals (reboot(2), "Behavior inside PID namespaces"). */
const char *last_ending(const struct last *last, char buf[static 48])
{
	const int sig = last->status != LAST_NO_STATUS && WIFSIGNALED(last->status) ? WTERMSIG(last->status) : 0;

	if (last->status == LAST_NO_STATUS)
		return "its end was not seen";
	if (sig == SIGINT)
		return "powered off";
	if (sig == SIGHUP)
		return "rebooted";
	if (sig == SIGKILL && last->killed)
		return "killed by mgr-stop";
	return proc_status_text(last->status, buf);
}
