/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of a port forward. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/forward.h"

#define RIGHT                                                                                                               \
	"such as tcp:8080:80, udp:127.0.0.1:5300:53, tcp:[::1]:8080:80, tcp:9000-9003:9000-9003 or unix:/run/web.sock:80"

static int bad(struct err *err, const char *text, const char *why)
{
	return err_set(err, EINVAL, "'%s' %s", text, why);
}

static int read_port(const char *text, uint16_t *ret)
{
	uint64_t n;
	int r = str_uint(text, 1, 65535, &n);

	if (r == 0)
		*ret = (uint16_t)n;
	return r;
}

/* "80" or "9000-9003"; text is cut. */
static int read_ports(char *text, uint16_t *first, uint16_t *last)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	if (read_port(text, first) < 0 || read_port(dash ? dash + 1 : text, last) < 0)
		return -EINVAL;
	return *last >= *first ? 0 : -EINVAL;
}

#define FORM "is not PROTO:[HOSTIP:]PORT:PORT, " RIGHT

/* No host has it, or, link-local, several of a host's links. */
static const char *why_no_address(const struct wire_forward *f)
{
	struct in6_addr six;
	struct in_addr four;

	memcpy(&six, f->addr, sizeof six);
	memcpy(&four, f->addr, sizeof four);
	if (f->family == AF_INET)
		return IN_MULTICAST(ntohl(four.s_addr))  ? "has a multicast address"
		       : four.s_addr == INADDR_BROADCAST ? "has the broadcast address"
							 : NULL;
	return IN6_IS_ADDR_MULTICAST(&six)   ? "has a multicast address"
	       : IN6_IS_ADDR_LINKLOCAL(&six) ? "has a link-local address, which is not of the host alone but of a link"
					     : NULL;
}

/* Words in front of two ports. */
static int refuse_word(const char *rest, const char *text, struct err *err)
{
	if (strstr(rest, "::"))
		return bad(err, text, "has an IPv6 address without its brackets, " RIGHT);
	return err_set(err, EINVAL,
		       "'%s' has '%.*s' where the address of the host stands, such as 192.0.2.1 or [2001:db8::7]", text,
		       (int)strcspn(rest, ":"), rest);
}

/* The host's address in front of its port, if there is one; moves *text behind it. */
static int read_address(char **text, const char *whole, struct wire_forward *ret, struct err *err)
{
	bool brackets = **text == '[';
	char *addr = *text + brackets, *end = strchr(addr, brackets ? ']' : ':');
	const char *why;

	if (!end)
		return brackets ? bad(err, whole, FORM) : 0;
	if (!brackets && !memchr(addr, '.', (size_t)(end - addr)))
		return strchr(end + 1, ':') ? refuse_word(addr, whole, err) : 0;
	*end = '\0';
	*text = end + 1;
	if (brackets && *(*text)++ != ':')
		return bad(err, whole, FORM);
	ret->family = brackets ? AF_INET6 : AF_INET;
	if (inet_pton(ret->family, addr, ret->addr) != 1)
		return bad(err, whole, FORM);
	why = why_no_address(ret);
	return why ? bad(err, whole, why) : 0;
}

static int read_options(const char *options, const char *text, struct wire_forward *ret, struct err *err)
{
	size_t n;

	for (;; options += n + 1) {
		n = strcspn(options, ",");
		if (n != strlen("wake") || memcmp(options, "wake", n) != 0)
			return err_set(err, EINVAL, "'%s': unknown option '%.*s'", text, (int)n, options);
		ret->flags |= WIRE_FORWARD_WAKE;
		if (!options[n])
			return 0;
	}
}

/* "/PATH:PORT", which is cut. */
static int parse_socket(char *rest, const char *text, struct wire_forward *ret, struct err *err)
{
	char *target = strrchr(rest, ':');

	ret->family = AF_UNIX;
	if (*rest != '/' || !target)
		return bad(err, text, "is not unix:/PATH:PORT");
	*target++ = '\0';
	if (read_port(target, &ret->target) < 0)
		return bad(err, text, "has a port that is not a number from 1 to 65535");
	if (str_ends(rest, "/") || rest[strcspn(rest, "\n")])
		return bad(err, text, "has a path that names no socket");
	if (str_print(ret->path, sizeof ret->path, "%s", rest) < 0)
		return err_set(err, EINVAL, "'%s' has a path of more than %zu bytes", text, sizeof ret->path - 1);
	return 0;
}

/* "[HOSTIP:]PORT[-PORT]:PORT[-PORT]", which is cut. */
static int parse_ports(char *rest, const char *text, struct wire_forward *ret, struct err *err)
{
	uint16_t target_last;
	char *target;

	if (read_address(&rest, text, ret, err) < 0)
		return -EINVAL;
	target = strchr(rest, ':');
	if (!target)
		return bad(err, text, "names no port of the container, " RIGHT);
	*target++ = '\0';
	if (read_ports(rest, &ret->port, &ret->last) < 0 || read_ports(target, &ret->target, &target_last) < 0)
		return bad(err, text, "has a port that is not a number from 1 to 65535 or a rising range of them");
	if (ret->last - ret->port != target_last - ret->target)
		return bad(err, text, "has ranges of different length");
	return 0;
}

int net_forward_parse(const char *text, struct wire_forward *ret, struct err *err)
{
	autofree char *copy = strdup(text);
	bool socket = false;
	char *options;
	int r;

	if (!copy)
		return err_nomem(err);
	*ret = (struct wire_forward){ .proto = IPPROTO_TCP };
	if (str_starts(copy, "udp:"))
		ret->proto = IPPROTO_UDP;
	else if (str_starts(copy, "unix:"))
		socket = true;
	else if (!str_starts(copy, "tcp:"))
		return bad(err, text, "does not begin with tcp:, udp: or unix:, " RIGHT);
	options = strchr(copy, ',');
	if (options)
		*options++ = '\0';
	r = socket ? parse_socket(copy + strlen("unix:"), text, ret, err)
		   : parse_ports(copy + strlen("tcp:"), text, ret, err);
	if (r < 0)
		return r;
	if (options && socket)
		return bad(err, text, "has an option: there is none for a unix socket");
	return options ? read_options(options, text, ret, err) : 0;
}

static void print_ports(unsigned first, unsigned last, struct str *out)
{
	str_addf(out, ":%u", first);
	if (last != first)
		str_addf(out, "-%u", last);
}

void net_forward_print(const struct wire_forward *f, struct str *out)
{
	char addr[INET6_ADDRSTRLEN];

	if (f->family == AF_UNIX) {
		str_addf(out, "unix:%.*s:%u", (int)sizeof f->path, f->path, (unsigned)f->target);
		return;
	}
	str_add(out, f->proto == IPPROTO_UDP ? "udp" : "tcp");
	if (f->family != AF_UNSPEC && inet_ntop(f->family, f->addr, addr, sizeof addr))
		str_addf(out, f->family == AF_INET6 ? ":[%s]" : ":%s", addr);
	print_ports(f->port, f->last, out);
	print_ports(f->target, (unsigned)(f->target + (f->last - f->port)), out);
	if (f->flags & WIRE_FORWARD_WAKE)
		str_add(out, ",wake");
}

static bool is_any(const struct wire_forward *f)
{
	static const uint8_t zero[16];

	return f->family == AF_UNSPEC || memcmp(f->addr, zero, sizeof zero) == 0;
}

bool net_forward_clash(const struct wire_forward *a, const struct wire_forward *b)
{
	if (a->family == AF_UNIX || b->family == AF_UNIX)
		return a->family == b->family && str_eq(a->path, b->path);
	if (a->proto != b->proto || a->last < b->port || b->last < a->port)
		return false;
	if (a->family != AF_UNSPEC && b->family != AF_UNSPEC && a->family != b->family)
		return false;
	return is_any(a) || is_any(b) || memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

bool net_forward_same(const struct wire_forward *a, const struct wire_forward *b)
{
	return a->proto == b->proto && a->family == b->family && a->port == b->port && a->last == b->last &&
	       a->target == b->target && memcmp(a->addr, b->addr, sizeof a->addr) == 0 && a->flags == b->flags &&
	       memcmp(a->path, b->path, sizeof a->path) == 0;
}

int net_forward_check(const struct wire_forward *f, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	struct wire_forward again;

	net_forward_print(f, &text);
	if (text.failed)
		return err_nomem(err);
	if (net_forward_parse(text.text, &again, NULL) < 0 || !net_forward_same(f, &again))
		return err_set(err, EBADMSG, "what was asked for is no forward");
	return 0;
}
