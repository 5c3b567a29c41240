/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image that is mounted, standing still: what is written waits (FIFREEZE), and all that was is in the file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/proc.h"
#include "storage/loop_image.h"

#define THAW_TIME (30 * CLOCK_SECOND)

/* In a session of its own: a signal to the command's group is none of its. */
static _Noreturn void keep(int root, int answer, int hold)
{
	int code;
	char byte;

	setsid();
	code = ioctl(root, FIFREEZE, 0) < 0 ? errno : 0;
	if (write(answer, &code, sizeof code) != sizeof code || code)
		_exit(code != 0);
	while (read(hold, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(ioctl(root, FITHAW, 0) < 0);
}

static int start_keeper(int root, struct loop_frozen *ret, struct err *err)
{
	int hold[2], answer[2], code = ECHILD;

	if (pipe2(hold, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	ret->keeper = fork();
	if (ret->keeper == 0) {
		close(hold[1]);
		keep(root, answer[1], hold[0]);
	}
	close(hold[0]);
	close(answer[1]);
	ret->hold = hold[1];
	if (ret->keeper < 0)
		code = errno;
	else if (read(answer[0], &code, sizeof code) != sizeof code)
		code = ECHILD;
	close(answer[0]);
	return code ? err_sys(err, code, "freeze its file system") : 0;
}

int loop_freeze(struct loop_image *i, const struct storage_place *p, struct loop_frozen *ret, struct err *err)
{
	autoclose int device = -1, root = loop_image_running(i, p, &device, err);
	int r = root;

	*ret = (struct loop_frozen){ .hold = -1 };
	if (r >= 0)
		r = start_keeper(root, ret, err);
	if (r < 0)
		loop_thaw(ret, NULL);
	debug_point("live", "still");
	return r;
}

int loop_thaw(struct loop_frozen *frozen, struct err *err)
{
	int status = 0, r = 0;

	if (frozen->hold >= 0)
		close(steal_fd(&frozen->hold));
	if (frozen->keeper > 0)
		r = proc_wait(frozen->keeper, clock_in(THAW_TIME), &status, NULL);
	frozen->keeper = 0;
	return r < 0 || status ? err_set(err, EIO, "its file system may still be frozen: fsfreeze -u") : 0;
}
