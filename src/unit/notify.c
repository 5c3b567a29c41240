/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The protocol of sd_notify(3), which needs no library: one datagram to the socket that the environment names. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit/unit.h"

static const char *notify_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') && path[1] ? path : NULL;
}

bool unit_is_awaited(void)
{
	return notify_socket() && getppid() == 1;
}

int unit_notify(const char *state, struct err *err)
{
	const char *path = notify_socket();
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	autoclose int sock = -1;
	size_t n = path ? strlen(path) : 0;

	if (!path)
		return 0;
	if (n >= sizeof to.sun_path)
		return err_set(err, ENAMETOOLONG, "NOTIFY_SOCKET: '%s' is too long", path);
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || sendto(sock, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return err_sys(err, errno, "tell the service manager at '%s'", path);
	return 0;
}
