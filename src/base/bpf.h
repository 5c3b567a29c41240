/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* eBPF programs, written instruction by instruction. */
#ifndef MGR_BASE_BPF_H
#define MGR_BASE_BPF_H

#include <linux/bpf.h>
#include <stddef.h>

struct bpf_code {
	size_t n;
	struct bpf_insn v[128];
};

void bpf_emit(struct bpf_code *code, unsigned op, unsigned dst, unsigned src, int off, int imm);
/* Load it into the kernel. Returns its descriptor or -errno. */
int bpf_load(const struct bpf_code *code, unsigned type, unsigned attach_type, const char *name);

#endif
