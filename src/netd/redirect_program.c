/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program, as instructions (linux/bpf.h):
 *
 *	if (protocol == TCP && address == ::1 && no interface is wanted && the socket's network namespace is ours &&
 *	    (target = ports[port]) && the source can be or is target->source && (sent = sockets[socket], made if need be)) {
 *		target->used = 1
 *		sent->wanted = port
 *		address = sent->guest = target->guest
 *		port = sent->port = target->port
 *	}
 *	return 1 (go on)
 *
 * To give it its source is what tells whether a socket of IPv6 takes IPv4's addresses (IPV6_V6ONLY): one that does not is
 * refused it. A connect(2) that failed leaves it there.
 */
#include <arpa/inet.h>

#include "base/bpf.h"
#include "netd/redirect_internal.h"

/* What it keeps over calls. */
enum { R_CONTEXT = BPF_REG_6, R_SOCKET, R_TARGET, R_SENT };

/* In its frame. */
enum { PORT_AT = -8, SOURCE_AT = PORT_AT - (int)sizeof(struct sockaddr_in6) - 4 };

#define CONTEXT(field) ((int)offsetof(struct bpf_sock_addr, field))
#define SOCKET(field)  ((int)offsetof(struct bpf_sock, field))
#define TARGET(field)  ((int)offsetof(struct redirect_target, field))
#define SENT(field)    ((int)offsetof(struct redirect_sent, field))

struct program {
	struct bpf_code code;
	size_t n_leave, leave[24]; /* those that are to jump to the end */
};

static void emit(struct program *p, unsigned op, unsigned dst, unsigned src, int off, int imm)
{
	bpf_emit(&p->code, op, dst, src, off, imm);
}

static void load(struct program *p, unsigned dst, unsigned from, int off)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, from, off, 0);
}

static void store(struct program *p, unsigned to, int off, unsigned from)
{
	emit(p, BPF_STX | BPF_MEM | BPF_W, to, from, off, 0);
}

static void copy(struct program *p, unsigned dst, unsigned src)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static size_t jump_if(struct program *p, unsigned op, unsigned reg, int number)
{
	emit(p, BPF_JMP | op | BPF_K, reg, 0, 0, number);
	return p->code.n - 1;
}

static void land(struct program *p, size_t jump)
{
	p->code.v[jump].off = (int16_t)(p->code.n - jump - 1);
}

static void leave_if(struct program *p, unsigned op, unsigned reg, int number)
{
	p->leave[p->n_leave++] = jump_if(p, op, reg, number);
}

static void leave_unless_same(struct program *p, unsigned a, unsigned b)
{
	p->leave[p->n_leave++] = p->code.n;
	emit(p, BPF_JMP | BPF_JNE | BPF_X, a, b, 0, 0);
}

static void load_wide(struct program *p, unsigned dst, unsigned kind, uint64_t number)
{
	emit(p, BPF_LD | BPF_DW | BPF_IMM, dst, kind, 0, (int)(uint32_t)number);
	emit(p, 0, 0, 0, 0, (int)(number >> 32));
}

static void call(struct program *p, int function)
{
	emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

static void put_conditions(struct program *p, uint64_t cookie)
{
	const int last = (int)htonl(1);

	load(p, BPF_REG_1, R_CONTEXT, CONTEXT(protocol));
	leave_if(p, BPF_JNE, BPF_REG_1, IPPROTO_TCP);
	for (int i = 0; i < 4; i++) {
		load(p, BPF_REG_1, R_CONTEXT, CONTEXT(user_ip6[i]));
		leave_if(p, BPF_JNE, BPF_REG_1, i < 3 ? 0 : last);
	}
	emit(p, BPF_LDX | BPF_MEM | BPF_DW, R_SOCKET, R_CONTEXT, CONTEXT(sk), 0);
	leave_if(p, BPF_JEQ, R_SOCKET, 0);
	load(p, BPF_REG_1, R_SOCKET, SOCKET(bound_dev_if));
	leave_if(p, BPF_JNE, BPF_REG_1, 0);
	copy(p, BPF_REG_1, R_CONTEXT);
	call(p, BPF_FUNC_get_netns_cookie);
	load_wide(p, BPF_REG_1, 0, cookie);
	leave_unless_same(p, BPF_REG_0, BPF_REG_1);
}

static void put_look_up(struct program *p, const struct redirect_maps *maps)
{
	load(p, BPF_REG_1, R_CONTEXT, CONTEXT(user_port));
	store(p, BPF_REG_10, PORT_AT, BPF_REG_1);
	load_wide(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)maps->ports);
	copy(p, BPF_REG_2, BPF_REG_10);
	emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, PORT_AT);
	call(p, BPF_FUNC_map_lookup_elem);
	leave_if(p, BPF_JEQ, BPF_REG_0, 0);
	copy(p, R_TARGET, BPF_REG_0);
}

static void put_bind(struct program *p)
{
	const int at = SOURCE_AT + (int)offsetof(struct sockaddr_in6, sin6_addr);

	for (int i = 0; i < (int)sizeof(struct sockaddr_in6); i += 4)
		emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, SOURCE_AT + i, 0);
	emit(p, BPF_ST | BPF_MEM | BPF_H, BPF_REG_10, 0, SOURCE_AT, AF_INET6);
	emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, at + 8, (int)htonl(0xffff));
	load(p, BPF_REG_1, R_TARGET, TARGET(source));
	store(p, BPF_REG_10, at + 12, BPF_REG_1);
	copy(p, BPF_REG_1, R_CONTEXT);
	copy(p, BPF_REG_2, BPF_REG_10);
	emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, SOURCE_AT);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, (int)sizeof(struct sockaddr_in6));
	call(p, BPF_FUNC_bind);
	leave_if(p, BPF_JNE, BPF_REG_0, 0);
}

/* Has it none, it gets it; has it another one, it is left alone. */
static void put_source(struct program *p)
{
	size_t has, wants, bound;

	for (int i = 0; i < 2; i++) {
		load(p, BPF_REG_1, R_SOCKET, SOCKET(src_ip6[i]));
		leave_if(p, BPF_JNE, BPF_REG_1, 0);
	}
	load(p, BPF_REG_1, R_SOCKET, SOCKET(src_ip6[3]));
	load(p, BPF_REG_2, R_TARGET, TARGET(source));
	has = jump_if(p, BPF_JNE, BPF_REG_1, 0);
	wants = jump_if(p, BPF_JEQ, BPF_REG_2, 0);
	put_bind(p);
	bound = jump_if(p, BPF_JA, 0, 0);
	land(p, has);
	leave_unless_same(p, BPF_REG_1, BPF_REG_2);
	land(p, bound);
	land(p, wants);
}

static void put_storage(struct program *p, const struct redirect_maps *maps)
{
	load_wide(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)maps->sockets);
	copy(p, BPF_REG_2, R_SOCKET);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0); /* all zeros */
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, BPF_SK_STORAGE_GET_F_CREATE);
	call(p, BPF_FUNC_sk_storage_get);
	leave_if(p, BPF_JEQ, BPF_REG_0, 0);
	copy(p, R_SENT, BPF_REG_0);
}

static void put_change(struct program *p)
{
	emit(p, BPF_ST | BPF_MEM | BPF_W, R_TARGET, 0, TARGET(used), 1);
	load(p, BPF_REG_1, BPF_REG_10, PORT_AT);
	store(p, R_SENT, SENT(wanted), BPF_REG_1);
	for (int i = 0; i < 4; i++) {
		load(p, BPF_REG_1, R_TARGET, TARGET(guest) + 4 * i);
		store(p, R_SENT, SENT(guest) + 4 * i, BPF_REG_1);
		store(p, R_CONTEXT, CONTEXT(user_ip6[i]), BPF_REG_1);
	}
	load(p, BPF_REG_1, R_TARGET, TARGET(port));
	store(p, R_SENT, SENT(port), BPF_REG_1);
	store(p, R_CONTEXT, CONTEXT(user_port), BPF_REG_1);
}

static void write_program(struct program *p, const struct redirect_maps *maps, uint64_t cookie)
{
	copy(p, R_CONTEXT, BPF_REG_1);
	put_conditions(p, cookie);
	put_look_up(p, maps);
	put_source(p);
	put_storage(p, maps);
	put_change(p);
	for (size_t i = 0; i < p->n_leave; i++)
		land(p, p->leave[i]);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

int redirect_program_load(const struct redirect_maps *maps, uint64_t cookie)
{
	struct program p = { 0 };

	write_program(&p, maps, cookie);
	return bpf_load(&p.code, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, REDIRECT_NAME);
}
