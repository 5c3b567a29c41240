/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/redirect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mnt.h"
#include "base/str.h"
#include "base/sys.h"
#include "netd/redirect_internal.h"

#define PORTS 65536

struct redirect {
	struct loop *loop;
	struct redirect_maps maps;
	int link; /* the program is in force as long as this is open */
	struct loop_timer end;
};

static int make_ports(void)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.map_flags = BPF_F_NO_PREALLOC;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(struct redirect_target);
	attr.max_entries = PORTS;
	str_print(attr.map_name, sizeof attr.map_name, REDIRECT_NAME);
	fd = sys_bpf(BPF_MAP_CREATE, &attr, sizeof attr);
	return fd < 0 ? -errno : fd;
}

/* The types of keys and values, which a map of sockets must tell (Documentation/bpf/btf.rst of the kernel): int, and an
 * array of it. */
enum { TYPE_INT = 1, TYPE_ARRAY };

static int make_types(void)
{
	struct {
		struct btf_header header;
		struct btf_type key;
		uint32_t number;
		struct btf_type value;
		struct btf_array array;
		char names[8];
	} btf = {
		.header = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof btf.header },
		.key = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = sizeof(int32_t) },
		.number = BTF_INT_SIGNED << 24 | 32,
		.value = { .info = BTF_KIND_ARRAY << 24 },
		.array = { TYPE_INT, TYPE_INT, sizeof(struct redirect_sent) / sizeof(int32_t) },
		.names = "\0int",
	};
	union bpf_attr attr = { 0 };
	int fd;

	btf.header.type_len = btf.header.str_off = offsetof(__typeof__(btf), names) - sizeof btf.header;
	btf.header.str_len = sizeof btf.names;
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = sizeof btf;
	fd = sys_bpf(BPF_BTF_LOAD, &attr, sizeof attr);
	return fd < 0 ? -errno : fd;
}

static int make_sockets(void)
{
	autoclose int types = make_types();
	union bpf_attr attr = { 0 };
	int fd;

	if (types < 0)
		return types;
	attr.map_type = BPF_MAP_TYPE_SK_STORAGE;
	attr.map_flags = BPF_F_NO_PREALLOC;
	attr.key_size = sizeof(int32_t);
	attr.value_size = sizeof(struct redirect_sent);
	attr.btf_fd = (uint32_t)types;
	attr.btf_key_type_id = TYPE_INT;
	attr.btf_value_type_id = TYPE_ARRAY;
	str_print(attr.map_name, sizeof attr.map_name, REDIRECT_NAME);
	fd = sys_bpf(BPF_MAP_CREATE, &attr, sizeof attr);
	return fd < 0 ? -errno : fd;
}

static int own_cookie(uint64_t *ret)
{
	autoclose int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof *ret;

	return sock < 0 || getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len) < 0 ? -errno : 0;
}

/* At the root of the v2 hierarchy, wherever the host has that mounted, if it has. */
static int attach(int program, struct err *err)
{
	autoclose int root = mnt_new("cgroup2", "mgr", NULL, 0, err);
	union bpf_attr attr = { 0 };
	int fd;

	if (root < 0)
		return root;
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_fd = (uint32_t)root;
	attr.link_create.attach_type = BPF_CGROUP_INET6_CONNECT;
	fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof attr);
	return fd < 0 ? err_sys(err, errno, "attach a program to connect(2)") : fd;
}

static int begin(struct redirect *redirect, struct err *err)
{
	autoclose int program = -1;
	uint64_t cookie = 0;
	int r = redirect_can_end();

	if (r >= 0)
		r = redirect->maps.ports = make_ports();
	if (r >= 0)
		r = redirect->maps.sockets = make_sockets();
	if (r >= 0)
		r = own_cookie(&cookie);
	if (r >= 0)
		r = program = redirect_program_load(&redirect->maps, cookie);
	if (r < 0)
		return err_sys(err, -r, "make a program for connect(2)");
	redirect->link = attach(program, err);
	return redirect->link;
}

static bool find(const struct redirect *redirect, uint32_t port, struct redirect_target *ret)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)redirect->maps.ports;
	attr.key = (uintptr_t)&port;
	attr.value = (uintptr_t)ret;
	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr) == 0;
}

static bool leads(const void *data, const struct redirect_sent *sent)
{
	struct redirect_target target;

	return find(data, sent->wanted, &target) && IN6_ARE_ADDR_EQUAL(&target.guest, &sent->guest) &&
	       target.port == sent->port;
}

static void end_connections(void *data)
{
	const struct redirect *redirect = data;
	int r = redirect_end(redirect->maps.sockets, leads, redirect);

	if (r < 0)
		log_error("end connections of a forward that is gone: %s", strerror(-r));
}

static void redirect_free(struct redirect *redirect)
{
	loop_timer_stop(redirect->loop, &redirect->end);
	cleanup_close(&redirect->link);
	cleanup_close(&redirect->maps.sockets);
	cleanup_close(&redirect->maps.ports);
	free(redirect);
}

struct redirect *redirect_new(struct loop *loop, struct err *err)
{
	struct redirect *redirect = calloc(1, sizeof *redirect);

	if (!redirect) {
		err_nomem(err);
		return NULL;
	}
	*redirect = (struct redirect){ .loop = loop, .maps = { -1, -1 }, .link = -1 };
	redirect->end = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = end_connections, .data = redirect };
	if (begin(redirect, err) >= 0)
		return redirect;
	redirect_free(redirect);
	return NULL;
}

int redirect_add(struct redirect *redirect, uint16_t port, const struct in6_addr *guest, uint16_t target,
		 struct in_addr gateway)
{
	const struct redirect_target value = {
		.guest = *guest,
		.source = IN6_IS_ADDR_V4MAPPED(guest) ? gateway.s_addr : 0,
		.port = htons(target),
	};
	const uint32_t key = htons(port);
	union bpf_attr attr = { 0 };

	if (!redirect)
		return 0;
	attr.map_fd = (uint32_t)redirect->maps.ports;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof attr) < 0 ? -errno : 0;
}

/* To look for connections takes a walk through all of the host's: not where there were none, and once for a whole range. */
void redirect_del(struct redirect *redirect, uint16_t port)
{
	struct redirect_target was;
	const uint32_t key = htons(port);
	union bpf_attr attr = { 0 };

	if (!redirect || !find(redirect, key, &was))
		return;
	attr.map_fd = (uint32_t)redirect->maps.ports;
	attr.key = (uintptr_t)&key;
	(void)sys_bpf(BPF_MAP_DELETE_ELEM, &attr, sizeof attr);
	if (was.used)
		loop_timer_start(redirect->loop, &redirect->end, clock_now());
}
