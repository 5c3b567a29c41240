/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/elf.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HEADERS_MAX 64
#define DYNAMIC_MAX 512

struct tables {
	Elf64_Phdr headers[HEADERS_MAX];
	size_t n_headers;
	Elf64_Dyn dynamic[DYNAMIC_MAX];
	size_t n_dynamic;
	uint64_t strings; /* file offset of the string table */
};

static int read_at(int fd, void *buf, size_t n, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, buf, n, (off_t)offset) == (ssize_t)n ? 0 : -ENOEXEC;
}

/* The string at an offset, cut to what fits. */
static int read_string(int fd, uint64_t offset, char *buf, size_t size)
{
	ssize_t n = offset <= INT64_MAX ? pread(fd, buf, size - 1, (off_t)offset) : -1;

	buf[n > 0 ? n : 0] = '\0';
	return n > 0 && buf[0] ? 0 : -ENOEXEC;
}

static bool is_elf(const unsigned char ident[static EI_NIDENT], unsigned char class)
{
	const unsigned char order = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;

	return memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == class && ident[EI_DATA] == order;
}

static int read_headers(int fd, struct tables *t)
{
	Elf64_Ehdr head;

	if (read_at(fd, &head, sizeof head, 0) < 0 || !is_elf(head.e_ident, ELFCLASS64) ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum > HEADERS_MAX)
		return -ENOEXEC;
	t->n_headers = head.e_phnum;
	return read_at(fd, t->headers, t->n_headers * sizeof *t->headers, head.e_phoff);
}

/* Where in the file an address of the loaded program is; 0 when nowhere. */
static uint64_t to_offset(const struct tables *t, uint64_t address)
{
	for (size_t i = 0; i < t->n_headers; i++) {
		const Elf64_Phdr *p = &t->headers[i];
		if (p->p_type == PT_LOAD && address >= p->p_vaddr && address - p->p_vaddr < p->p_filesz)
			return p->p_offset + (address - p->p_vaddr);
	}
	return 0;
}

static int read_dynamic(int fd, const Elf64_Phdr *p, struct tables *t)
{
	size_t n = p->p_filesz / sizeof(Elf64_Dyn);

	if (n > DYNAMIC_MAX || read_at(fd, t->dynamic, n * sizeof *t->dynamic, p->p_offset) < 0)
		return -ENOEXEC;
	for (size_t i = 0; i < n && t->dynamic[i].d_tag != DT_NULL; i++, t->n_dynamic++)
		if (t->dynamic[i].d_tag == DT_STRTAB)
			t->strings = to_offset(t, t->dynamic[i].d_un.d_ptr);
	return t->strings ? 0 : -ENOEXEC;
}

static int take_entry(int fd, const struct tables *t, const Elf64_Dyn *d, struct elf *ret)
{
	char name[256];

	if (d->d_un.d_val > UINT32_MAX)
		return -ENOEXEC;
	switch (d->d_tag) {
	case DT_NEEDED:
		if (read_string(fd, t->strings + d->d_un.d_val, name, sizeof name) < 0)
			return -ENOEXEC;
		return strv_add(&ret->needed, name);
	case DT_RPATH:
		if (ret->runpath[0])
			return 0;
		/* fall through */
	case DT_RUNPATH:
		return read_string(fd, t->strings + d->d_un.d_val, ret->runpath, sizeof ret->runpath);
	default:
		return 0;
	}
}

/* A program of 32 bits: its interpreter is what a container most often lacks for one. */
static int read_small(int fd, struct elf *ret)
{
	Elf32_Ehdr head;
	Elf32_Phdr p;

	if (read_at(fd, &head, sizeof head, 0) < 0 || !is_elf(head.e_ident, ELFCLASS32) || head.e_phentsize != sizeof p)
		return -ENOEXEC;
	for (size_t i = 0; i < head.e_phnum && i < HEADERS_MAX; i++) {
		if (read_at(fd, &p, sizeof p, head.e_phoff + i * sizeof p) < 0)
			return -ENOEXEC;
		if (p.p_type == PT_INTERP)
			return read_string(fd, p.p_offset, ret->interpreter, sizeof ret->interpreter);
	}
	return 0;
}

int elf_read(int fd, struct elf *ret)
{
	struct tables t = { 0 };
	int r = read_headers(fd, &t);

	if (r < 0)
		return read_small(fd, ret);
	for (size_t i = 0; r == 0 && i < t.n_headers; i++) {
		if (t.headers[i].p_type == PT_INTERP)
			r = read_string(fd, t.headers[i].p_offset, ret->interpreter, sizeof ret->interpreter);
		if (t.headers[i].p_type == PT_DYNAMIC)
			r = read_dynamic(fd, &t.headers[i], &t);
	}
	for (size_t i = 0; r == 0 && i < t.n_dynamic; i++)
		r = take_entry(fd, &t, &t.dynamic[i], ret);
	return r;
}

void elf_done(struct elf *elf)
{
	strv_done(&elf->needed);
}
