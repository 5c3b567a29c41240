/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system call filter: out of the cache, into the kernel. Only mgr-seccomp knows how to compile one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "security/internal.h"
#include "security/security.h"

#define PROFILE_MAX (1U << 20)

static bool plausible(off_t size)
{
	return size > 0 && size % (off_t)sizeof(struct sock_filter) == 0 &&
	       size <= (off_t)(BPF_MAXINSNS * sizeof(struct sock_filter));
}

static const struct compiled filter = { "seccomp filter", plausible };

int security_seccomp(const struct seccomp_conf *conf, const char *cache, int *ret_fd, struct err *err)
{
	const char *profile = conf->profile ? conf->profile : "default";
	autofree char *text = NULL, *file = NULL;
	size_t len;

	*ret_fd = -1;
	if (str_eq(profile, "none"))
		return 0;
	if (str_eq(profile, "default"))
		profile = MGR_DATADIR "/default.seccomp";
	const char *const argv[] = { MGR_LIBEXECDIR "/mgr-seccomp", profile, NULL };
	if (file_read_at(AT_FDCWD, profile, PROFILE_MAX, &text, &len, err) < 0)
		return err_wrap(err, "seccomp.profile");
	file = str_fmt("%s/seccomp/%016" PRIx64 "-%zu-" PACKAGE_VERSION ".bpf", cache,
		       compiled_hash(COMPILED_HASH, text, len), len);
	int r = file ? compiled_open(&filter, file, argv, -1, ret_fd, err) : err_nomem(err);
	return r < 0 ? err_wrap(err, "seccomp.profile") : 0;
}

int security_seccomp_load(int fd, struct err *err)
{
	autofree void *code = NULL;
	size_t bytes = 0;
	int r = compiled_read(&filter, fd, &code, &bytes, err);

	if (r < 0)
		return r;
	const struct sock_fprog prog = { .len = (unsigned short)(bytes / sizeof(struct sock_filter)), .filter = code };
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
