/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/nft_socket.h"

#include <errno.h>
#include <sys/socket.h>

struct mnl_socket *nft_socket(int flags, struct err *err)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | flags);

	if (sock && mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) >= 0)
		return sock;
	err_sys(err, errno, "open a netfilter socket");
	if (sock)
		mnl_socket_close(sock);
	return NULL;
}

int nft_dump(struct mnl_socket *sock, const struct nlmsghdr *head, mnl_cb_t fn, void *data)
{
	uint8_t buf[32768];
	ssize_t n;
	int r;

	if (mnl_socket_sendto(sock, head, head->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(sock, buf, sizeof buf);
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)n, head->nlmsg_seq, mnl_socket_get_portid(sock), fn, data);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}
