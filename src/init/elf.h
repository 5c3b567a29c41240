/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an ELF file needs to be run: its interpreter and libraries (elf(5)). The file is a guest's: nothing in it is
 * trusted. */
#ifndef MGR_INIT_ELF_H
#define MGR_INIT_ELF_H

#include "base/str.h"

struct elf {
	char interpreter[256]; /* "" for a static program or a library */
	char runpath[512];     /* DT_RUNPATH, else DT_RPATH; "" when it has none */
	struct strv needed;
};

/* 0; -ENOEXEC for what is no ELF of this machine's byte order, -errno. Of one of 32 bits the interpreter alone is told.
 * Zero-initialise *ret. */
int elf_read(int fd, struct elf *ret);
void elf_done(struct elf *elf);

#endif
