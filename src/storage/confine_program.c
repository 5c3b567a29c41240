/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* e2fsck and the like, on what a stranger made. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "storage/confine_internal.h"

#define MEMORY (UINT64_C(2) << 30) /* bytes: a check of some TiB of files takes that */

/* What a program is loaded from. */
static const char *const places[] = { "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "gnu", "nix" };

static int show_folder(const char *from, const char *to)
{
	const unsigned long kept = MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;

	if (mkdir(to, 0755) < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return mount(NULL, to, NULL, MS_REMOUNT | kept, NULL) < 0 ? -errno : 0;
}

/* A folder, or the link that it is. */
static int show(const char *name, struct err *err)
{
	autofree char *from = str_fmt("/%s", name), *to = str_fmt(CONFINE_ROOT "/%s", name);
	char target[256];
	ssize_t n;
	int r;

	if (!from || !to)
		return err_nomem(err);
	n = readlink(from, target, sizeof target - 1);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n >= 0) {
		target[n] = '\0';
		r = symlink(target, to) < 0 ? -errno : 0;
	} else {
		r = show_folder(from, to);
	}
	return r < 0 ? err_sys(err, -r, "show it '%s'", from) : 0;
}

/* What is mounted is asked for, and is nothing that it could reach. */
static int make_root(struct err *err)
{
	int fd, r = confine_make_root(err);

	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++)
		r = show(places[i], err);
	if (r < 0)
		return r;
	fd = mkdir(CONFINE_ROOT "/proc", 0755) < 0 ? -1
						   : open(CONFINE_ROOT "/proc/mounts", O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
	if (fd < 0)
		return err_sys(err, errno, "make an empty root");
	close(fd);
	if (confine_enter_root(err) < 0)
		return -err->code;
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
		       ? err_sys(err, errno, "make its root read-only")
		       : 0;
}

static int bound(unsigned seconds, struct err *err)
{
	const struct rlimit memory = { MEMORY, MEMORY }, core = { 0, 0 }, time = { seconds, seconds };
	struct rlimit size = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat st;

	if (fstat(CONFINE_FILE, &st) < 0)
		return err_sys(err, errno, "look at its file");
	if (S_ISREG(st.st_mode))
		size.rlim_cur = size.rlim_max = (rlim_t)st.st_size;
	if (setrlimit(RLIMIT_AS, &memory) < 0 || setrlimit(RLIMIT_CORE, &core) < 0 || setrlimit(RLIMIT_CPU, &time) < 0 ||
	    setrlimit(RLIMIT_FSIZE, &size) < 0)
		return err_sys(err, errno, "bound what it takes");
	return 0;
}

/* It opens its file by path, whosever that is; nothing else that it sees can be written to. */
static int keep_over_exec(uint32_t capability, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const uint32_t set = 1U << capability;
	const struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { { set, set, set } };

	if (syscall(SYS_capset, &head, caps) < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
		return err_sys(err, errno, "keep a capability");
	return 0;
}

int confine_program(const char *const argv[], unsigned seconds, struct err *err)
{
	if (make_root(err) < 0 || bound(seconds, err) < 0 || confine_become_nobody(1U << CAP_DAC_OVERRIDE, err) < 0 ||
	    keep_over_exec(CAP_DAC_OVERRIDE, err) < 0 || confine_filter(CONFINE_PROGRAM, err) < 0)
		return -err->code;
	execve(argv[0], (char *const *)(uintptr_t)argv, environ);
	return err_sys(err, errno, "run '%s'", argv[0]);
}
