/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is below its file system may not take what is written: the host's disk is full, or broken. The first to know is the
 * server of its disk, which says so in the file that storage_use is; else the kernel says that the file system has had an
 * error, from Linux 5.16 on (fanotify(7), FAN_FS_ERROR; of ext4, and what it cannot go on without: data alone is told by the
 * end of the run). The guest goes on as it can, and is told of. */
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "supervisor/supervisor.h"

#define LITTLE (1 << 20) /* bytes: a file system with no more is full */

void failing_stop(struct supervisor *s)
{
	int *const fds[] = { &s->failing_fs, &s->failing_server };
	struct loop_io **const ios[] = { &s->failing_fs_io, &s->failing_server_io };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*ios[i])
			loop_io_remove(s->loop, *ios[i]);
		if (*fds[i] >= 0)
			close(*fds[i]);
		*ios[i] = NULL;
		*fds[i] = -1;
	}
}

/* The file of its loop device, when the disk with that is full; "" else. */
static void find_full(const struct supervisor *s, char *path, size_t size)
{
	char name[64];
	struct stat st;
	struct statvfs host;

	path[0] = '\0';
	if (fstat(s->disk, &st) < 0 ||
	    str_print(name, sizeof name, "/sys/dev/block/%u:%u/loop/backing_file", major(st.st_dev), minor(st.st_dev)) < 0)
		return;
	if (file_read_small_at(AT_FDCWD, name, path, size, NULL) < 0 || statvfs(path, &host) < 0 ||
	    host.f_bavail * host.f_frsize >= LITTLE)
		path[0] = '\0';
}

/* why: of the server's, or NULL. */
static void begin(struct supervisor *s, const char *why)
{
	struct timespec now;
	char full[256] = "";

	clock_gettime(CLOCK_REALTIME, &now);
	s->failing = (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
	if (!why)
		find_full(s, full, sizeof full);
	log_error("storage: what is written may be lost: %s%s%s%s",
		  why ? "the server of its disk: " : "its file system had an error",
		  why     ? why
		  : *full ? " (the host's disk is full where '"
			  : "",
		  full, *full ? "' is)" : "");
	failing_stop(s);
	supervisor_tell(s);
}

static void fs_failed(void *data, uint32_t events)
{
	(void)events;
	begin(data, NULL);
}

static void server_wrote(void *data, uint32_t events)
{
	struct supervisor *s = data;
	char said[128], event[sizeof(struct inotify_event) + 1];
	ssize_t n = pread(s->storage_use, said, sizeof said - 1, 0);

	(void)events;
	while (read(s->failing_server, event, sizeof event) > 0)
		;
	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	if (str_starts(said, "lost"))
		begin(s, said);
}

/* How many there may be goes by user, and root's are not to be used up: those of the container's root are its own. */
static int open_both(struct supervisor *s, struct err *err)
{
	const int bits = prctl(PR_GET_SECUREBITS);

	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return 0;
	if (setresuid((uid_t)-1, s->init_uid, (uid_t)-1) == 0) {
		s->failing_fs = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY);
		if (s->served >= 0)
			s->failing_server = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	}
	if (setresuid((uid_t)-1, 0, (uid_t)-1) < 0 || prctl(PR_SET_SECUREBITS, bits) < 0)
		return err_sys(err, errno, "become root again");
	(void)prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What cannot be watched is told at the end all the same. */
int failing_watch(struct supervisor *s, struct err *err)
{
	char status[32];

	if (s->disk < 0)
		return 0;
	if (open_both(s, err) < 0)
		return -err->code;
	snprintf(status, sizeof status, "/proc/self/fd/%d", s->storage_use);
	if (s->failing_fs >= 0 &&
	    (fanotify_mark(s->failing_fs, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_FS_ERROR, s->disk, NULL) < 0 ||
	     !(s->failing_fs_io = loop_io_add(s->loop, s->failing_fs, EPOLLIN, fs_failed, s))))
		drop(&s->failing_fs);
	if (s->failing_server >= 0 &&
	    (inotify_add_watch(s->failing_server, status, IN_MODIFY) < 0 ||
	     !(s->failing_server_io = loop_io_add(s->loop, s->failing_server, EPOLLIN, server_wrote, s))))
		drop(&s->failing_server);
	if (s->failing_server >= 0) /* it may have done so before it was watched */
		server_wrote(s, 0);
	return 0;
}
