/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's /etc/resolv.conf: there when init runs, whatever distribution it is. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "net/net.h"

#define MARK "# Written by mgr at each start, while this line stands.\n"

/* systemd-resolved of the guest's */
#define RESOLVED    "usr/lib/systemd/systemd-resolved"
#define RESOLVED_IN "run/systemd/resolved.conf.d"
#define STUB        "127.0.0.53"

/* What stands there already. */
enum found { OURS, OWN, RIGHT };

static bool is_there(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0;
}

static bool starts_resolved(int root)
{
	return is_there(root, RESOLVED) &&
	       (is_there(root, "etc/systemd/system/sysinit.target.wants/systemd-resolved.service") ||
		is_there(root, "etc/systemd/system/multi-user.target.wants/systemd-resolved.service"));
}

/* Is the stub of systemd-resolved all that it names? text is changed. */
static bool names_stub(char *text)
{
	bool stub = false;
	char *rest, *words, *line = strtok_r(text, "\n", &rest);

	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		const char *word = strtok_r(line, " \t", &words);
		if (!str_eq(word, "nameserver"))
			continue;
		if (!str_eq(strtok_r(NULL, " \t", &words), STUB))
			return false;
		stub = true;
	}
	return stub;
}

/* Ours to write: absent, empty, what we wrote before, or what a program writes that is not there: an image has that from
 * where it was made. enum found, or -errno. */
static int look(int root, const char *path, const char *text)
{
	autoclose int fd = path_open_in_root(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	char start[4096];
	struct stat st;
	ssize_t n;

	if (fd == -ENOENT)
		return OURS;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return OWN;
	n = pread(fd, start, sizeof start - 1, 0);
	start[n > 0 ? n : 0] = '\0';
	if (str_eq(start, text))
		return RIGHT;
	return n == 0 || str_starts(start, MARK) || (names_stub(start) && !starts_resolved(root)) ? OURS : OWN;
}

/* The folder of a link's target, when that lies in /run, which is empty before init runs: systemd-resolved's stub file is
 * what Debian's link names, and until it runs ours stands in its place. */
static int make_target_folder(int root, const char *target, struct err *err)
{
	autofree char *folder = NULL;
	const char *slash = strrchr(target, '/');

	while (str_starts(target, "../"))
		target += 3;
	if (*target == '/')
		target++;
	if (!str_starts(target, "run/") || !slash || slash <= target)
		return 0;
	folder = strndup(target, (size_t)(slash - target));
	if (!folder)
		return err_nomem(err);
	int fd = path_mkdirs_in_root(root, folder, 0755, err);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* A guest's own systemd-resolved, which has nobody to ask where the guest does no DHCP. */
static int tell_resolved(int root, const char *addr, const char *domain, struct err *err)
{
	autoclose int folder = -1, fd = -1;
	autofree char *text = NULL;
	int r;

	if (!is_there(root, RESOLVED))
		return 0;
	text = str_fmt("[Resolve]\nDNS=%s\nDomains=%s\n", addr, domain);
	folder = text ? path_mkdirs_in_root(root, RESOLVED_IN, 0755, err) : err_nomem(err);
	if (folder < 0)
		return folder;
	fd = openat(folder, "mgr.conf", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write /" RESOLVED_IN "/mgr.conf") : 0;
}

int net_resolv_conf(int root, struct in_addr resolver, const char *domain, struct err *err)
{
	static const char path[] = "etc/resolv.conf";
	autofree char *target = NULL, *text = NULL;
	char addr[INET_ADDRSTRLEN];
	autoclose int fd = -1;
	int r;

	if (!resolver.s_addr)
		return 0;
	text = str_fmt(MARK "nameserver %s\nsearch %s\n", inet_ntop(AF_INET, &resolver, addr, sizeof addr), domain);
	if (!text)
		return err_nomem(err);
	r = tell_resolved(root, addr, domain, err);
	if (r < 0)
		return r;
	r = look(root, path, text);
	if (r != OURS)
		return r < 0 ? err_sys(err, -r, "look at /etc/resolv.conf") : 0;
	if (path_readlink_in_root(root, path, &target, NULL) >= 0) {
		r = make_target_folder(root, target, err);
		if (r < 0)
			return err_wrap(err, "write /etc/resolv.conf");
	}
	fd = path_open_in_root(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK, 0644);
	if (fd == -ENOENT ||
	    fd == -EROFS) /* no /etc, a link to nowhere, or a root that is not to be written: the guest's own */
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "write /etc/resolv.conf");
	r = file_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write /etc/resolv.conf") : 0;
}
