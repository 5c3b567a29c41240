/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cleanup declared with the variable: autofree, autoclose, autofclose, autoclosedir; steal_ptr and steal_fd hand ownership
 * on. */
#ifndef MGR_BASE_CLEANUP_H
#define MGR_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* autocall(x_done) struct x v = {0}; calls x_done(&v) when v goes out of scope. */
#define autocall(f)  __attribute__((cleanup(f), unused)) /* unused: clang does not count the cleanup as a use */
#define autofree     autocall(cleanup_free)
#define autoclose    autocall(cleanup_close)
#define autofclose   autocall(cleanup_fclose)
#define autoclosedir autocall(cleanup_closedir)

static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define steal_ptr(p)                                                                                                        \
	({                                                                                                                  \
		__typeof__(*(p)) t_ = *(p);                                                                                 \
		*(p) = NULL;                                                                                                \
		t_;                                                                                                         \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))

#endif
