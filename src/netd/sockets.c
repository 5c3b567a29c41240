/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets of the host that are forwarded. Each that is made has a link in run/.net/sockets, named by its device and
 * inode, to its path: one that a killed mgr-netd has left is known by it. After a power cut, which takes the links along,
 * is_stale() says what may be removed. No other file ever is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "netd/netd.h"
#include "netd/relay.h"

#define RECORD  "sockets"
#define BACKLOG 128
#define MODE    0666 /* whoever can reach the path may connect, as to a port */

struct host_socket {
	char path[WIRE_PATH_MAX];
	char record[48];
	int fd;
	struct relay *relay;
	struct host_socket *next;
};

static const struct member *find_holder(const struct netd *netd, const char *path)
{
	for (const struct member *m = netd->members; m; m = m->next)
		for (const struct host_socket *s = m->sockets; s; s = s->next)
			if (str_eq(s->path, path))
				return m;
	return NULL;
}

static int record_name(const char *path, char ret[static 48])
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return str_print(ret, 48, RECORD "/%jx-%jx", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

/* One of ours, which nobody listens on any more. */
static bool is_left(const struct netd *netd, const char *path, char record[static 48])
{
	char text[WIRE_PATH_MAX] = "";

	return record_name(path, record) >= 0 && readlinkat(netd->dir, record, text, sizeof text - 1) > 0 &&
	       str_eq(text, path) && !find_holder(netd, path);
}

static void set_address(struct sockaddr_un *addr, const char *path)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	str_print(addr->sun_path, sizeof addr->sun_path, "%s", path);
}

/* One like ours that nobody listens on, below a folder that outlives a power cut. */
static bool is_stale(const char *path, const struct sockaddr_un *addr)
{
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 07777) == MODE &&
	       fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 && errno == ECONNREFUSED;
}

static int in_use(const char *path, const struct sockaddr_un *addr, struct err *err)
{
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char record[48], comm[32] = "?";
	autofree char *proc = NULL;
	struct ucred peer = { 0 };
	socklen_t len = sizeof peer;

	if (record_name(path, record) == -ENOTSOCK)
		return err_set(err, EADDRINUSE, "'%s' of the host exists, and is no socket", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid <= 0)
		return err_set(err, EADDRINUSE, "unix socket '%s' of the host exists", path);
	proc = str_fmt("/proc/%d/comm", (int)peer.pid);
	if (proc)
		file_read_small_at(AT_FDCWD, proc, comm, sizeof comm, NULL);
	return err_set(err, EADDRINUSE, "unix socket '%s' of the host is held by process %d (%s)", path, (int)peer.pid,
		       comm);
}

static int bind_to(const struct netd *netd, int fd, const char *path, struct err *err)
{
	struct sockaddr_un addr;
	char record[48];
	mode_t old;
	int r;

	set_address(&addr, path);
	if (is_left(netd, path, record)) {
		unlink(path);
		unlinkat(netd->dir, record, 0);
	} else if (is_stale(path, &addr)) {
		log_info("unix socket '%s' is nobody's any more: it is made anew", path);
		unlink(path);
	}
	old = umask(0777 & ~MODE);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 ? -errno : 0;
	umask(old);
	if (r == -EADDRINUSE)
		return in_use(path, &addr, err);
	return r < 0 ? err_sys(err, -r, "make unix socket '%s' of the host", path) : 0;
}

static void socket_free(const struct netd *netd, struct host_socket *s)
{
	char record[48];

	relay_free(s->relay);
	if (s->record[0]) {
		if (record_name(s->path, record) >= 0 && str_eq(record, s->record))
			unlink(s->path);
		unlinkat(netd->dir, s->record, 0);
	}
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static void asked(void *data)
{
	wake_asked(data);
}

static int begin(struct member *m, struct host_socket *s, uint16_t port, struct err *err)
{
	const struct netd *netd = m->network->netd;
	const struct in6_addr guest = nft_mapped(m->join->ipv4);
	int r = file_mkdirs_at(netd->dir, RECORD, 0700, err);

	if (r < 0)
		return r;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return err_sys(err, errno, "make a unix socket");
	r = bind_to(netd, s->fd, s->path, err);
	if (r < 0)
		return r;
	if (record_name(s->path, s->record) < 0 || (symlinkat(s->path, netd->dir, s->record) < 0 && errno != EEXIST) ||
	    listen(s->fd, BACKLOG) < 0)
		return err_sys(err, errno, "listen on unix socket '%s' of the host", s->path);
	s->relay = relay_new_unix(netd->loop, s->fd, &guest, port, err);
	if (!s->relay)
		return -EIO;
	relay_tell(s->relay, asked, m);
	return 0;
}

int sockets_take(struct member *m, const struct wire_forward *f, struct err *err)
{
	const struct member *holder = find_holder(m->network->netd, f->path);
	struct host_socket *s;
	int r;

	if (f->family != AF_UNIX)
		return 0;
	if (holder)
		return err_set(err, EADDRINUSE, "unix socket '%s' of the host is forwarded to '%s' already", f->path,
			       holder->join->name);
	s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem(err);
	s->fd = -1;
	memcpy(s->path, f->path, sizeof s->path);
	r = begin(m, s, f->target, err);
	if (r < 0) {
		socket_free(m->network->netd, s);
		return r;
	}
	s->next = m->sockets;
	m->sockets = s;
	m->network->netd->n_forwards++;
	return 0;
}

int sockets_take_all(struct member *m, struct err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < m->join->n_forwards && r >= 0; i++)
		r = sockets_take(m, &m->join->forwards[i], err);
	if (r < 0)
		sockets_drop(m, NULL);
	return r;
}

static bool is_there(const struct host_socket *s)
{
	char record[48];

	return record_name(s->path, record) >= 0 && str_eq(record, s->record);
}

int sockets_look(const struct network *network, struct err *err)
{
	for (const struct member *m = network->netd->members; m; m = m->next)
		for (const struct host_socket *s = m->network == network ? m->sockets : NULL; s; s = s->next)
			if (!is_there(s))
				return err_set(err, ENOENT, "unix socket '%s', forwarded to '%s', was removed", s->path,
					       m->join->name);
	return 0;
}

static uint16_t port_of(const struct member *m, const char *path)
{
	for (uint32_t i = 0; i < m->join->n_forwards; i++)
		if (m->join->forwards[i].family == AF_UNIX && str_eq(m->join->forwards[i].path, path))
			return m->join->forwards[i].target;
	return 0;
}

/* The old one first: nothing can reach it, and its record names no file any more. */
static int make_again(struct member *m, struct host_socket *s, struct err *err)
{
	relay_free(s->relay);
	s->relay = NULL;
	close(s->fd);
	s->fd = -1;
	unlinkat(m->network->netd->dir, s->record, 0);
	s->record[0] = '\0';
	return begin(m, s, port_of(m, s->path), err);
}

int sockets_mend(const struct network *network, struct err *err)
{
	int r = 0;

	for (struct member *m = network->netd->members; m && r >= 0; m = m->next)
		for (struct host_socket *s = m->network == network ? m->sockets : NULL; s && r >= 0; s = s->next)
			if (!is_there(s))
				r = make_again(m, s, err);
	return r;
}

void sockets_drop(struct member *m, const char *path)
{
	for (struct host_socket **p = &m->sockets, *s; (s = *p);) {
		if (path && !str_eq(s->path, path)) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		m->network->netd->n_forwards--;
		socket_free(m->network->netd, s);
	}
}

/* name: of a record, without its folder */
static bool is_held(const struct netd *netd, const char *name)
{
	for (const struct member *m = netd->members; m; m = m->next)
		for (const struct host_socket *s = m->sockets; s; s = s->next)
			if (str_eq(s->record + sizeof RECORD, name))
				return true;
	return false;
}

void sockets_sweep(const struct netd *netd)
{
	int fd = openat(netd->dir, RECORD, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *all = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	char path[WIRE_PATH_MAX], record[48];

	while (all && (e = readdir(all))) {
		ssize_t n = readlinkat(fd, e->d_name, path, sizeof path - 1);
		if (n <= 0)
			continue;
		path[n] = '\0';
		if (is_held(netd, e->d_name))
			continue;
		if (is_left(netd, path, record))
			unlink(path);
		unlinkat(fd, e->d_name, 0);
	}
	if (!all && fd >= 0)
		close(fd);
}
