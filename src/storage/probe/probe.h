/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is on a disk or in an image, made by whomever: its partitions, and what each holds. */
#ifndef MGR_STORAGE_PROBE_PROBE_H
#define MGR_STORAGE_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Texts are as they stand on the disk, cut where they are too long. */
struct probe_content {
	char fs[32];    /* "ext4", "squashfs", "crypto_LUKS"; "": nothing that is known */
	char usage[16]; /* "filesystem", "raid", "crypto", "other" */
	char label[64], uuid[64];
	bool unclear; /* it could be several things */
};

struct probe_part {
	uint32_t number;
	uint64_t offset, length; /* bytes */
	char type[40];           /* GPT: its GUID; MBR: its code, "83" */
	char type_name[48];      /* the same in words */
	char name[64];           /* GPT's own label */
};

#define PROBE_PARTS_MAX 256

/* "gpt", "dos", or NULL: there is no table of these; and its partitions that have a size and hold no others, by number. */
int probe_table(int fd, const char **ret_kind, struct probe_part *parts, size_t *ret_n, struct err *err);
/* What is in so many bytes from there. */
int probe_content(int fd, uint64_t offset, uint64_t length, struct probe_content *ret, struct err *err);

#endif
