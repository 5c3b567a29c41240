/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An init of any bytes is looked at for what it needs. In a build folder made with CC=clang
 * CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o elf ../tests/fuzz/elf.c \
 *       src/init/libinit.a src/base/libbase.a
 *   ./elf -max_len=8192 FOLDER    (a few small programs and libraries in FOLDER make a good start) */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "init/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf elf = { 0 };
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	elf_read(fd, &elf);
	elf_done(&elf);
	close(fd);
	return 0;
}
