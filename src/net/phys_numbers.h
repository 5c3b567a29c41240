/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an interface has of numbers that root can set and the kernel leaves alone when it moves (private to net/phys_*.c). */
#ifndef MGR_NET_PHYS_NUMBERS_H
#define MGR_NET_PHYS_NUMBERS_H

#include <stdint.h>

#include "net/phys.h"

extern const struct phys_number {
	const char *name;
	uint16_t attr;
	uint8_t size; /* bytes: 1 or 4 */
} phys_numbers[PHYS_NUMBERS];

#endif
