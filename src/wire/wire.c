/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"

const char *const wire_state_names[WIRE_STATES] = { "STOPPED",  "STARTING", "RUNNING", "STOPPING",
						    "ABORTING", "FREEZING", "FROZEN",  "THAWED" };

/* A packet as it travels. */
struct packet {
	struct wire_head head;
	uint8_t payload[WIRE_MAX - sizeof(struct wire_head)];
};

/* sun_path has 108 bytes: the folder goes in as a descriptor, so that its path may have any length. */
static int address(int dirfd, const char *name, struct sockaddr_un *addr, struct err *err)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (str_print(addr->sun_path, sizeof addr->sun_path, "/proc/self/fd/%d/%s", dirfd, name) < 0)
		return err_set(err, ENAMETOOLONG, "socket name '%s' is too long", name);
	return 0;
}

/* How long connect(2) and send(2) may wait (SO_SNDTIMEO in socket(7); 0 would be for ever). */
static int limit_waiting(int sock, uint64_t deadline)
{
	const int ms = clock_left_ms(deadline);
	const struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms > 0 ? ms % 1000 * 1000 : 1 };

	return ms < 0 ? 0 : setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

int wire_connect(int dirfd, const char *name, struct err *err)
{
	return wire_connect_by(dirfd, name, CLOCK_NEVER, err);
}

int wire_connect_by(int dirfd, const char *name, uint64_t deadline, struct err *err)
{
	autoclose int sock = -1;
	struct sockaddr_un addr;
	int r = address(dirfd, name, &addr, err);

	if (r < 0)
		return r;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0 || limit_waiting(sock, deadline) < 0)
		return err_sys(err, errno, "make a socket");
	do
		r = connect(sock, (struct sockaddr *)&addr, sizeof addr);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, errno == EAGAIN ? ETIMEDOUT : errno, "connect to '%s'", name);
	return steal_fd(&sock);
}

int wire_listen(int dirfd, const char *name, struct err *err)
{
	autoclose int sock = -1;
	struct sockaddr_un addr;
	int r = address(dirfd, name, &addr, err);

	if (r < 0)
		return r;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return err_sys(err, errno, "make a socket");
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the old '%s'", name);
	/* The mode of a bound socket is 0777 & ~umask; fchmod before bind sets the upper bound. */
	if (fchmod(sock, 0600) < 0 || bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(sock, 128) < 0)
		return err_sys(err, errno, "listen on '%s'", name);
	return steal_fd(&sock);
}

static int send_long(int sock, enum wire_type type, const void *payload, size_t len, struct err *err)
{
	const struct wire_head head = { WIRE_MAGIC, WIRE_VERSION, (uint16_t)type, (uint32_t)len, 0 };
	autoclose int file = fd_sealed("mgr-message", payload, len, err);
	int r = file < 0 ? file : fd_send(sock, &head, sizeof head, &file, 1);

	return file >= 0 && r < 0 ? err_sys(err, -r, "send a message") : r;
}

int wire_send(int sock, enum wire_type type, int code, const void *payload, size_t len, const int *fds, size_t n,
	      struct err *err)
{
	struct packet p;
	int r;

	if (len > sizeof p.payload && len <= WIRE_LONGEST && !n && !code)
		return send_long(sock, type, payload, len, err);
	if (len > sizeof p.payload)
		return err_set(err, EMSGSIZE, "a message of %zu bytes is too long", len);
	p.head = (struct wire_head){ WIRE_MAGIC, WIRE_VERSION, (uint16_t)type, (uint32_t)len, code };
	if (len)
		memcpy(p.payload, payload, len);
	r = fd_send(sock, &p, sizeof p.head + len, fds, n);
	return r < 0 ? err_sys(err, -r, "send a message") : 0;
}

/* Is what came a message of ours? got: its whole length. */
static int check(const struct wire_head *head, ssize_t got)
{
	if ((size_t)got < sizeof *head || head->magic != WIRE_MAGIC)
		return -EBADMSG;
	if (head->version != WIRE_VERSION)
		return -EPROTONOSUPPORT;
	return head->length == (size_t)got - sizeof *head ? 0 : -EBADMSG;
}

int wire_refused(const struct wire_head *head, const void *payload, struct err *err)
{
	int code = head->code > 0 && head->code < 4096 ? head->code : EIO;

	if (head->length == 0)
		return err_sys(err, code, "refused");
	return err_set(err, code, "%.*s", (int)head->length, (const char *)payload);
}

/* The payload of a good packet, or what is wrong with it. */
static int unpack(const struct packet *p, ssize_t got, enum wire_type type, void *buf, size_t size, struct err *err)
{
	int r = check(&p->head, got);

	if (r == -EPROTONOSUPPORT)
		return err_set(err, EPROTONOSUPPORT, "the other side speaks version %u of the protocol, not %u",
			       (unsigned)p->head.version, (unsigned)WIRE_VERSION);
	if (r < 0 || p->head.type != type)
		return err_set(err, EBADMSG, "the answer is malformed");
	if (p->head.code)
		return wire_refused(&p->head, p->payload, err);
	const size_t n = p->head.length < size ? p->head.length : size;
	if (size)
		memset(buf, 0, size);
	if (n)
		memcpy(buf, p->payload, n);
	return (int)n;
}

int wire_recv(int sock, enum wire_type type, void *buf, size_t size, int *fds, size_t max, size_t *ret_n, uint64_t deadline,
	      struct err *err)
{
	struct packet p;
	size_t n = 0;
	ssize_t got;
	int r;

	if (ret_n)
		*ret_n = 0;
	for (;;) {
		r = deadline == CLOCK_NEVER ? 0 : fd_wait(sock, POLLIN, deadline);
		if (r < 0)
			return err_sys(err, -r, "wait for an answer");
		got = fd_recv(sock, &p, sizeof p, fds, max, &n);
		if (got != -EAGAIN)
			break;
		r = fd_wait(sock, POLLIN, deadline);
		if (r < 0)
			return err_sys(err, -r, "wait for an answer");
	}
	if (got == 0)
		return err_set(err, ECONNRESET, "the other side closed the connection");
	if (got < 0)
		return err_sys(err, (int)-got, "receive a message");
	r = unpack(&p, got, type, buf, size, err);
	for (; r < 0 && n > 0; n--)
		close(fds[n - 1]);
	if (ret_n)
		*ret_n = n;
	return r;
}

int wire_call(int sock, enum wire_type type, const void *req, size_t len, void *reply, size_t size, uint64_t deadline,
	      struct err *err)
{
	int r = wire_send(sock, type, 0, req, len, NULL, 0, err);

	return r < 0 ? r : wire_recv(sock, type, reply, size, NULL, 0, NULL, deadline, err);
}

/* ret_file: of a request that is longer than a packet; NULL: there is none. */
static int take(int sock, void *buf, size_t size, struct wire_head *ret_head, int *ret_file)
{
	size_t n = 0;
	ssize_t got = fd_recv(sock, buf, size, ret_file, ret_file ? 1 : 0, &n);
	int r;

	if (got == 0)
		return -ECONNRESET;
	if (got < 0)
		return got == -EMSGSIZE ? -EBADMSG : (int)got;
	if ((size_t)got < sizeof *ret_head)
		return -EBADMSG;
	memcpy(ret_head, buf, sizeof *ret_head);
	r = check(ret_head, n && got == sizeof *ret_head && ret_head->length <= WIRE_LONGEST
				    ? (ssize_t)(sizeof *ret_head + ret_head->length)
				    : got);
	return r < 0 ? r : (int)ret_head->length;
}

int wire_take(int sock, void *buf, size_t size, struct wire_head *ret_head)
{
	return take(sock, buf, size, ret_head, NULL);
}

int wire_take_request(int sock, void *buf, size_t size, struct wire_head *ret_head, void **ret_map)
{
	autoclose int file = -1;
	int r = take(sock, buf, size, ret_head, &file);

	*ret_map = NULL;
	if (r <= 0 || file < 0)
		return r;
	*ret_map = fd_map_sealed(file, (size_t)r);
	return *ret_map ? r : -EBADMSG;
}

bool wire_peer_is_root(int sock)
{
	struct ucred who;
	socklen_t len = sizeof who;

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == 0;
}
