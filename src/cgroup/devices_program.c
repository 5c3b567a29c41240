/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program, as instructions (linux/bpf.h). Exceptions are found by their device, as v1 finds them: each device can have
 * four. Without loops, so that Linux 4.15 takes it. */
#include "cgroup/devices_program.h"

#include <stddef.h>

#include "base/bpf.h"
#include "cgroup/devices.h"

/* What it keeps over calls. */
enum {
	R_MAJOR = BPF_REG_6,
	R_MINOR,
	R_ACCESS,
	R_ALLOWS,
	R_TYPE = R_ALLOWS, /* until that is known */
};

#define KEY_AT(field) ((int)offsetof(struct map_key, field) - (int)sizeof(struct map_key)) /* from the frame's end */

static void load(struct bpf_code *p, unsigned dst, unsigned from, size_t off)
{
	bpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, from, (int)off, 0);
}

static void store(struct bpf_code *p, int at, int number)
{
	bpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, at, number);
}

static void store_register(struct bpf_code *p, int at, unsigned reg)
{
	bpf_emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, reg, at, 0);
}

/* Two instructions. */
static void answer(struct bpf_code *p, int allowed)
{
	bpf_emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allowed);
	bpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Register 0 is where the value of the key on the stack is, or 0. */
static void look_up(struct bpf_code *p, int map)
{
	bpf_emit(p, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map);
	bpf_emit(p, 0, 0, 0, 0, 0);
	bpf_emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	bpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -(int)sizeof(struct map_key));
	bpf_emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
}

/* An exception for this device, or none. A list that allows ends here when it has any of what is asked for, the other kind
 * when it has all of that. */
static void try_exception(struct bpf_code *p, int map)
{
	look_up(p, map);
	bpf_emit(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 10, 0); /* none: behind all this */
	load(p, BPF_REG_1, BPF_REG_0, offsetof(struct map_value, access));
	bpf_emit(p, BPF_JMP | BPF_JEQ | BPF_K, R_ALLOWS, 0, 4, 0); /* to the other kind's AND */
	bpf_emit(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_1, R_ACCESS, 0, 0);
	bpf_emit(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 6, 0);
	answer(p, 0);
	bpf_emit(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_1, R_ACCESS, 0, 0);
	bpf_emit(p, BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, R_ACCESS, 2, 0);
	answer(p, 1);
}

static void begin(struct bpf_code *p, int map)
{
	load(p, R_MAJOR, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(p, R_MINOR, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor));
	load(p, R_ACCESS, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	bpf_emit(p, BPF_ALU64 | BPF_MOV | BPF_X, R_TYPE, R_ACCESS, 0, 0);
	bpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	bpf_emit(p, BPF_ALU64 | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	store(p, KEY_AT(type), 0);
	store(p, KEY_AT(major), 0);
	store(p, KEY_AT(minor), 0);
	look_up(p, map);
	bpf_emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, 0);
	answer(p, 0);
	store_register(p, KEY_AT(type), R_TYPE);
	load(p, R_ALLOWS, BPF_REG_0, offsetof(struct map_value, access));
}

static void write_program(struct bpf_code *p, int map)
{
	begin(p, map);
	store_register(p, KEY_AT(major), R_MAJOR);
	store_register(p, KEY_AT(minor), R_MINOR);
	try_exception(p, map);
	store(p, KEY_AT(minor), (int)DEVICE_EVERY);
	try_exception(p, map);
	store(p, KEY_AT(major), (int)DEVICE_EVERY);
	try_exception(p, map);
	store_register(p, KEY_AT(minor), R_MINOR);
	try_exception(p, map);
	bpf_emit(p, BPF_JMP | BPF_JEQ | BPF_K, R_ALLOWS, 0, 2, 0);
	answer(p, 1);
	answer(p, 0);
}

int device_program_load(int map)
{
	struct bpf_code p = { 0 };

	write_program(&p, map);
	return bpf_load(&p, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, DEVICE_PROGRAM);
}
