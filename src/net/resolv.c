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

/* What stands there already. */
enum found { OURS, OWN, RIGHT };

/* Ours to write: absent, empty, or what we wrote before. enum found, or -errno. */
static int look(int root, const char *path, const char *text)
{
	autoclose int fd = path_open_in_root(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	char start[256];
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
	return n == 0 || str_starts(start, MARK) ? OURS : OWN;
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

int net_resolv_conf(int root, struct in_addr resolver, struct err *err)
{
	static const char path[] = "etc/resolv.conf";
	autofree char *target = NULL, *text = NULL;
	char addr[INET_ADDRSTRLEN];
	autoclose int fd = -1;
	int r;

	if (!resolver.s_addr)
		return 0;
	text = str_fmt(MARK "nameserver %s\nsearch mgr\n", inet_ntop(AF_INET, &resolver, addr, sizeof addr));
	if (!text)
		return err_nomem(err);
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
