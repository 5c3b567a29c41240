/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/dns_run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "netd/dns_config.h"
#include "netd/dns_forget.h"
#include "netd/resolvers.h"

#define START_WAIT (10 * CLOCK_SECOND)

static const char *find_program(void)
{
	static const char *const paths[] = { "/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/sbin/dnsmasq",
					     "/usr/bin/dnsmasq" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return paths[0];
}

static const char *find_user(void)
{
	return getpwnam("dnsmasq") ? "dnsmasq" : getpwnam("nobody") ? "nobody" : "root";
}

/* Is this process the dnsmasq of that bridge? */
static bool is_ours(pid_t pid, const char *mark)
{
	autofree char *path = str_fmt("/proc/%d/cmdline", (int)pid), *text = NULL;
	size_t len;

	if (!path || file_read_at(AT_FDCWD, path, 65536, &text, &len, NULL) < 0)
		return false;
	for (size_t at = 0; at < len; at += strlen(text + at) + 1)
		if (str_eq(text + at, mark))
			return true;
	return false;
}

/* By dnsmasq's own file. */
pid_t dns_running(const struct dns *dns)
{
	autofree char *mark = str_fmt("--interface=%s", dns->bridge->name);
	char text[32];
	uint64_t pid;

	if (!mark || file_read_small_at(dns->dir, "pid", text, sizeof text, NULL) < 0 ||
	    str_uint(text, 2, INT32_MAX, &pid) < 0)
		return 0;
	return is_ours((pid_t)pid, mark) ? (pid_t)pid : 0;
}

static void end(pid_t pid)
{
	autoclose int pidfd = sys_pidfd_open(pid);

	if (pidfd < 0)
		return;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	fd_wait(pidfd, 1, clock_in(CLOCK_SECOND));
}

int dns_write_config(const struct dns *dns, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autofree char *old = NULL;
	int r;

	dns_config(&text, dns, resolvers_file(), find_user());
	if (text.failed)
		return err_nomem(err);
	if (faccessat(dns->dir, DNS_SERVERS, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    file_replace_at(dns->dir, DNS_SERVERS, "", 0, 0644, err) < 0)
		return -err->code;
	if (file_read_at(dns->dir, "conf", 65536, &old, NULL, NULL) == 0 && str_eq(old, text.text))
		return 1;
	r = file_replace_at(dns->dir, "conf", text.text, text.len, 0644, err);
	return r < 0 ? r : 0;
}

/* In the child: its folder, which lies below ones that only root may enter, in place of /tmp in a mount namespace of its
 * own; it reads new files there as the user that it becomes. */
static void child(const char *const argv[], const char *path, int errors)
{
	static char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(path, DNS_FOLDER, NULL, MS_BIND, NULL) < 0) {
		dprintf(errors, "mount '%s': %s\n", path, strerror(errno));
		_exit(1);
	}
	if (dup2(errors, 2) == 2 && sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		execve(argv[0], (char *const *)(uintptr_t)argv, env);
	dprintf(errors, "run '%s': %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* The first line of what it said, without its own name. */
static int complain(int from, struct err *err)
{
	char text[400], *line = text;
	ssize_t n;

	fd_set_nonblock(from);
	n = read(from, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	line += strspn(line, "\n");
	if (str_starts(line, "dnsmasq: "))
		line += strlen("dnsmasq: ");
	line[strcspn(line, "\n")] = '\0';
	return err_set(err, EIO, "%s", *line ? line : "it ended without saying why");
}

/* Its first process ends when the daemon answers. */
static int spawn(const struct dns *dns, struct err *err)
{
	autofree char *interface = str_fmt("--interface=%s", dns->bridge->name);
	const char *const argv[] = { find_program(), "--conf-file=" DNS_FOLDER "/conf", interface, NULL };
	autoclose int from = -1, to = -1;
	int pair[2], status, r;
	pid_t pid;

	if (!interface)
		return err_nomem(err);
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	from = pair[0];
	to = pair[1];
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "fork");
	if (pid == 0)
		child(argv, dns->path, to);
	r = proc_wait(pid, clock_in(START_WAIT), &status, err);
	if (r < 0)
		kill(pid, SIGKILL);
	return r < 0 ? r : status ? complain(from, err) : 0;
}

pid_t dns_run(const struct dns *dns, bool *ret_adopted, struct err *err)
{
	pid_t old = dns_running(dns), pid;
	int r = dns_write_config(dns, err);

	*ret_adopted = r > 0 && old;
	if (*ret_adopted)
		return old;
	if (old)
		end(old);
	unlinkat(dns->dir, DNS_LEASES, 0); /* what one before has given is nothing to this one */
	if (r >= 0)
		r = spawn(dns, err);
	if (r < 0)
		return r;
	pid = dns_running(dns);
	return pid ? pid : err_set(err, EIO, "it ended as soon as it ran");
}
