/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "mount/internal.h"
#include "mount/mount.h"

static const struct api_mount {
	const char *type, *path;
	unsigned long flags;
	const char *data;
} api_mounts[] = {
	/* group 5 is tty in every distribution */
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_STRICTATIME, "mode=0755,size=20%" },
};

int mount_on(const char *type, const char *path, unsigned long flags, const char *data, struct err *err)
{
	autoclose int target = mount_target(path, err);
	char link[32];

	if (target < 0)
		return target;
	str_print(link, sizeof link, "/proc/self/fd/%d", target);
	if (mount(type, link, type, flags, data) < 0)
		return err_sys(err, errno, "mount %s on '%s'", type, path);
	return 0;
}

int mount_api_folders(int dev, struct err *err)
{
	int r = dev >= 0 ? mount_attach(dev, "/dev", err) : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(api_mounts); i++)
		r = mount_on(api_mounts[i].type, api_mounts[i].path, api_mounts[i].flags, api_mounts[i].data, err);
	return r;
}

/* Lay a read-only (or, inside one, a writable) view of a path over itself; what the kernel does not have is passed over. */
static int lay_over(const char *path, bool readonly, struct err *err)
{
	const unsigned long flags = MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME;

	if (mount(path, path, NULL, MS_BIND, NULL) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "protect '%s'", path);
	if (mount(NULL, path, NULL, flags | (readonly ? MS_RDONLY : 0), NULL) < 0)
		return err_sys(err, errno, "protect '%s'", path);
	return 0;
}

int mount_mask(struct err *err)
{
	static const char *const readonly[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/acpi" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(readonly); i++)
		r = lay_over(readonly[i], true, err);
	/* the container's own */
	return r < 0 ? r : lay_over("/proc/sys/net", false, err);
}

static int write_new(const char *path, const char *text, const char *end, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	int r = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));

	if (r == 0)
		r = file_write_all(fd, end, strlen(end));
	return r < 0 ? err_sys(err, -r, "write '%s'", path) : 0;
}

int mount_run_host(const char *os_release, const char *uuid, struct err *err)
{
	int r = mkdir("/run/host", 0755) < 0 ? err_sys(err, errno, "make '/run/host'") : 0;

	if (r == 0)
		r = write_new("/run/host/container-manager", "mgr", "\n", err);
	if (r == 0 && uuid)
		r = write_new("/run/host/container-uuid", uuid, "\n", err);
	if (r == 0 && os_release)
		r = write_new("/run/host/os-release", os_release, "", err);
	return r;
}

/* What a terminal is mounted on; made unless it is there. */
static int open_place(const char *path, struct err *err)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		int made = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
		if (made >= 0)
			close(made);
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}

/* Make a pty, of which number ret_number in devpts is mounted on path. */
static int make_terminal(const char *path, int *ret_master, int *ret_number, struct err *err)
{
	autoclose int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), place = -1;
	char pts[32], on[32];
	int unlock = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, ret_number) < 0)
		return err_sys(err, errno, "make a terminal");
	str_print(pts, sizeof pts, "/dev/pts/%d", *ret_number);
	place = open_place(path, err);
	if (place < 0)
		return place;
	str_print(on, sizeof on, "/proc/self/fd/%d", place);
	if (mount(pts, on, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "mount '%s' on '%s'", pts, path);
	*ret_master = steal_fd(&master);
	return 0;
}

int mount_console(int *ret_master, int *ret_peer, struct err *err)
{
	autoclose int master = -1;
	int number, r = make_terminal("/dev/console", &master, &number, err);

	if (r < 0)
		return r;
	*ret_peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*ret_peer < 0)
		return err_sys(err, errno, "open the terminal");
	*ret_master = steal_fd(&master);
	return 0;
}

int mount_tty(unsigned n, int *ret_master, int *ret_number, struct err *err)
{
	char path[32];

	str_print(path, sizeof path, "/dev/tty%u", n);
	return make_terminal(path, ret_master, ret_number, err);
}
