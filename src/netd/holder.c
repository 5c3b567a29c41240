/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose socket is on a port: sock_diag(7) says which socket, /proc whose. Only looked for when a port is refused. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "netd/ports.h"

/* States of net/tcp_states.h: bit n is state n. Unconnected UDP sockets are in CLOSE, connected ones in ESTABLISHED; bound
 * TCP sockets that do not listen have a number of their own since Linux 6.8. */
enum {
	TCP_LISTENS = 1 << 10,
	TCP_STATES = TCP_LISTENS | 1 << 13,
	TCP_STATES_OLD = TCP_LISTENS,
	UDP_WAITS = 1 << 7,
	UDP_STATES = UDP_WAITS | 1 << 1
};

/* Sockets on the port, of several addresses it may be. */
struct search {
	uint16_t port;
	size_t n;
	uint32_t inodes[16];
};

static int take(const struct nlmsghdr *h, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(h);
	struct search *s = data;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof *msg && ntohs(msg->id.idiag_sport) == s->port && msg->idiag_inode &&
	    s->n < ARRAY_SIZE(s->inodes))
		s->inodes[s->n++] = msg->idiag_inode;
	return MNL_CB_OK;
}

static int dump(struct mnl_socket *sock, uint8_t family, uint8_t proto, uint32_t states, struct search *s)
{
	uint8_t buf[32768];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;
	ssize_t n;
	int r;

	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(h, sizeof *req);
	*req = (struct inet_diag_req_v2){ .sdiag_family = family, .sdiag_protocol = proto, .idiag_states = states };
	req->id.idiag_sport = htons(s->port);
	if (mnl_socket_sendto(sock, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(sock, buf, sizeof buf);
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)n, 0, 0, take, s);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}

static void find_sockets(uint8_t proto, struct search *s)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (sock && mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
			const size_t before = s->n;
			dump(sock, families[i], proto, proto == IPPROTO_TCP ? TCP_STATES : UDP_STATES, s);
			if (s->n == before && proto == IPPROTO_TCP)
				dump(sock, families[i], proto, TCP_STATES_OLD, s);
		}
	}
	if (sock)
		mnl_socket_close(sock);
}

int ports_awaited(uint8_t proto, uint16_t port)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	struct search s = { .port = port };
	int r = sock && mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

	for (size_t i = 0; i < ARRAY_SIZE(families) && r >= 0 && !s.n; i++)
		r = dump(sock, families[i], proto, proto == IPPROTO_TCP ? TCP_LISTENS : UDP_WAITS, &s);
	if (sock)
		mnl_socket_close(sock);
	return r < 0 ? r : s.n != 0;
}

static bool is_one(const struct search *s, const char *link)
{
	uint32_t inode;

	if (sscanf(link, "socket:[%" SCNu32 "]", &inode) != 1)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->inodes[i] == inode)
			return true;
	return false;
}

/* How many of them has the process whose folder this is? */
static size_t count_sockets(int proc, const char *pid, const struct search *s)
{
	autofree char *path = str_fmt("%s/fd", pid);
	int fd = path ? openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	autoclosedir DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	char text[64];
	size_t count = 0;

	while (fds && (entry = readdir(fds))) {
		ssize_t n = readlinkat(fd, entry->d_name, text, sizeof text - 1);
		if (n <= 0)
			continue;
		text[n] = '\0';
		count += is_one(s, text);
	}
	if (!fds && fd >= 0)
		close(fd);
	return count;
}

static int describe(int proc, const char *pid, char *text, size_t size)
{
	autofree char *path = str_fmt("%s/comm", pid);
	char comm[32] = "?";

	if (path)
		file_read_small_at(proc, path, comm, sizeof comm, NULL);
	return str_print(text, size, "process %s (%s)", pid, comm);
}

int ports_holder(uint8_t proto, uint16_t port, char *text, size_t size)
{
	struct search s = { .port = port };
	autoclosedir DIR *proc = NULL;
	const struct dirent *entry;
	char self[32] = "";

	find_sockets(proto, &s);
	proc = s.n ? opendir("/proc") : NULL;
	if (!proc)
		return -ENOENT;
	(void)!readlinkat(dirfd(proc), "self", self, sizeof self - 1);
	if (count_sockets(dirfd(proc), self, &s) == s.n)
		return -ENOENT;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && !str_eq(entry->d_name, self) &&
		    count_sockets(dirfd(proc), entry->d_name, &s))
			return describe(dirfd(proc), entry->d_name, text, size);
	return str_print(text, size, "a process that cannot be seen from here");
}
