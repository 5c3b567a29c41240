/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists that grow: so many elements, and room for so many. */
#ifndef MGR_BASE_VEC_H
#define MGR_BASE_VEC_H

#include <stdlib.h>

#define VEC_FIRST 16

/* Room for one more element of `size` bytes: the list, which may have moved, and the room that it has now. NULL: there is no
 * memory, and it is as it was. */
static inline void *vec_grow(void *v, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : VEC_FIRST;
	void *moved = n < *room ? v : reallocarray(v, more, size);

	if (moved && n >= *room)
		*room = more;
	return moved;
}

#endif
