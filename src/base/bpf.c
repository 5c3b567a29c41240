/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/bpf.h"

#include <errno.h>
#include <stdint.h>

#include "base/str.h"
#include "base/sys.h"

void bpf_emit(struct bpf_code *code, unsigned op, unsigned dst, unsigned src, int off, int imm)
{
	code->v[code->n++] = (struct bpf_insn){
		.code = (uint8_t)op,
		.dst_reg = dst & 0xf,
		.src_reg = src & 0xf,
		.off = (int16_t)off,
		.imm = imm,
	};
}

int bpf_load(const struct bpf_code *code, unsigned type, unsigned attach_type, const char *name)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)code->v;
	attr.insn_cnt = (uint32_t)code->n;
	attr.license = (uintptr_t) "LGPL-2.1-or-later";
	str_print(attr.prog_name, sizeof attr.prog_name, "%s", name);
	fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
	return fd < 0 ? -errno : fd;
}
