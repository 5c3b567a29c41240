/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "tty/tty.h"

/* Linux numbers /dev/ptmx and /dev/pts/ptmx alike (Documentation/admin-guide/devices.txt). */
#define PTMX_MAJOR 5
#define PTMX_MINOR 2

static int open_ptmx(int root)
{
	static const char *const paths[] = { "/dev/pts/ptmx", "/dev/ptmx" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		autoclose int fd = path_open_in_root(root, paths[i], O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(PTMX_MAJOR, PTMX_MINOR))
			return steal_fd(&fd);
	}
	return -ENODEV;
}

int tty_open_pty(int root, int *ret_master, int *ret_peer, struct err *err)
{
	autoclose int master = open_ptmx(root), peer = -1;
	int unlock = 0;

	if (master < 0)
		return err_set(err, -master, "the container has no devpts at /dev/pts");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, errno, "unlock the pty");
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return err_sys(err, errno, "open the pty's other end");
	*ret_master = steal_fd(&master);
	*ret_peer = steal_fd(&peer);
	return 0;
}

void tty_copy_settings(int from, int to)
{
	struct termios t;

	if (tcgetattr(from, &t) == 0)
		(void)tcsetattr(to, TCSANOW, &t);
}

void tty_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0 && (size.ws_row || size.ws_col))
		(void)ioctl(to, TIOCSWINSZ, &size);
}
