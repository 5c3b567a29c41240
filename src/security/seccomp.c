/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system call filter: out of the cache, into the kernel. Only mgr-seccomp knows how to compile one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "security/security.h"

#define PROFILE_MAX  (1U << 20)
#define COMPILE_TIME (30 * CLOCK_SECOND)

/* FNV-1a: tells policies apart, and need not resist anyone; profiles and cache are root's. */
static uint64_t hash(const char *bytes, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	return h;
}

/* What mgr-seccomp said on stderr, one line. */
static int report(int said, int status, struct err *err)
{
	char text[400] = "", how[48];
	ssize_t n = pread(said, text, sizeof text - 1, 0);

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	return err_set(err, EINVAL, "%s", n > 0 ? text : proc_status_text(status, how));
}

/* Run mgr-seccomp on the profile; *ret_bpf is a memfd with what it wrote. */
static int compile(const char *profile, int *ret_bpf, struct err *err)
{
	const char *const argv[] = { MGR_LIBEXECDIR "/mgr-seccomp", profile, NULL };
	autoclose int out = memfd_create("seccomp", MFD_CLOEXEC), said = memfd_create("stderr", MFD_CLOEXEC);
	const struct proc_fd fds[] = { { out, STDOUT_FILENO }, { said, STDERR_FILENO } };
	int status;

	if (out < 0 || said < 0)
		return err_sys(err, errno, "memfd_create");
	pid_t pid = proc_spawn(argv, fds, ARRAY_SIZE(fds), NULL, err);
	if (pid < 0)
		return pid;
	int r = proc_wait(pid, clock_in(COMPILE_TIME), &status, err);
	if (r < 0)
		return r;
	if (status != 0)
		return report(said, status, err);
	*ret_bpf = steal_fd(&out);
	return 0;
}

static bool plausible(off_t size)
{
	return size > 0 && size % (off_t)sizeof(struct sock_filter) == 0 &&
	       size <= (off_t)(BPF_MAXINSNS * sizeof(struct sock_filter));
}

/* The whole program in `bpf` as *ret, allocated. */
static int read_program(int bpf, struct sock_filter **ret, size_t *ret_bytes, struct err *err)
{
	autofree struct sock_filter *code = NULL;
	struct stat st;

	if (fstat(bpf, &st) < 0)
		return err_sys(err, errno, "read the seccomp filter");
	if (!plausible(st.st_size))
		return err_set(err, EINVAL, "the compiled seccomp filter is damaged");
	code = malloc((size_t)st.st_size);
	if (!code)
		return err_nomem(err);
	if (pread(bpf, code, (size_t)st.st_size, 0) != st.st_size)
		return err_sys(err, EIO, "read the seccomp filter");
	*ret_bytes = (size_t)st.st_size;
	*ret = steal_ptr(&code);
	return 0;
}

static int compile_into(const char *profile, const char *file, struct err *err)
{
	autofree struct sock_filter *code = NULL;
	autoclose int bpf = -1;
	size_t bytes = 0;
	int r = compile(profile, &bpf, err);

	if (r == 0)
		r = read_program(bpf, &code, &bytes, err);
	return r < 0 ? r : file_replace_at(AT_FDCWD, file, code, bytes, 0600, err);
}

/* Ours, and whole? What another user could have put there is compiled anew. */
static int open_cached(const char *file)
{
	autoclose int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022 ||
	    !plausible(st.st_size))
		return -ENOENT;
	return steal_fd(&fd);
}

int security_seccomp(const struct seccomp_conf *conf, const char *cache, int *ret_fd, struct err *err)
{
	const char *profile = conf->profile ? conf->profile : "default";
	autofree char *text = NULL, *folder = str_fmt("%s/seccomp", cache), *file = NULL;
	size_t len;

	*ret_fd = -1;
	if (str_eq(profile, "none"))
		return 0;
	if (str_eq(profile, "default"))
		profile = MGR_DATADIR "/default.seccomp";
	if (file_read_at(AT_FDCWD, profile, PROFILE_MAX, &text, &len, err) < 0)
		return err_wrap(err, "seccomp.profile");
	file = str_fmt("%s/%016" PRIx64 "-%zu-" PACKAGE_VERSION ".bpf", folder, hash(text, len), len);
	if (!folder || !file)
		return err_nomem(err);
	*ret_fd = open_cached(file);
	if (*ret_fd >= 0)
		return 0;
	int r = file_mkdirs_at(AT_FDCWD, folder, 0700, err);
	if (r == 0)
		r = compile_into(profile, file, err);
	if (r < 0)
		return err_wrap(err, "seccomp.profile");
	*ret_fd = open_cached(file);
	return *ret_fd < 0 ? err_sys(err, -*ret_fd, "open '%s'", file) : 0;
}

int security_seccomp_load(int fd, struct err *err)
{
	autofree struct sock_filter *code = NULL;
	size_t bytes = 0;
	int r = read_program(fd, &code, &bytes, err);

	if (r < 0)
		return r;
	const struct sock_fprog prog = { .len = (unsigned short)(bytes / sizeof *code), .filter = code };
	/* Before Linux 5.16 a filter slowed its processes down for life unless it said that they need no protection from
	 * each other's speculation. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) < 0)
		return err_sys(err, errno, "install the seccomp filter");
	return 0;
}

int security_apply(uint64_t keep, int seccomp, bool no_new_privs, struct err *err)
{
	if (no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "set no_new_privs");
	int r = seccomp < 0 ? 0 : security_seccomp_load(seccomp, err);
	return r < 0 ? r : security_drop_caps(keep, err);
}
