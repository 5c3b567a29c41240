/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies are compiled by programs of their own, once, into a cache by content. */
#ifndef MGR_SECURITY_INTERNAL_H
#define MGR_SECURITY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* FNV-1a over all that decides what a compiler makes: tells policies apart, and need not resist anyone; policies and cache
 * are root's. Begins with COMPILED_HASH. */
#define COMPILED_HASH UINT64_C(14695981039346656037)
uint64_t compiled_hash(uint64_t hash, const void *bytes, size_t n);

/* A kind of policies. */
struct compiled {
	const char *what;              /* for messages: "seccomp filter" */
	bool (*plausible)(off_t size); /* can a compiled one have this many bytes? */
};

/* Open the compiled policy `file`, an absolute path below the cache, for reading. When it is not there its compiler makes
 * it: argv[0] is a program's path, in what it reads (-1: nothing), stdout what is kept, stderr the error. One that another
 * user could have put there is made anew. */
int compiled_open(const struct compiled *kind, const char *file, const char *const argv[], int in, int *ret_fd,
		  struct err *err);

/* All of it as *ret, allocated. */
int compiled_read(const struct compiled *kind, int fd, void **ret, size_t *ret_bytes, struct err *err);

#endif
