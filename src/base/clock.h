/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deadlines: CLOCK_MONOTONIC, nanoseconds. Every wait has one. */
#ifndef MGR_BASE_CLOCK_H
#define MGR_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND UINT64_C(1000000000)
#define CLOCK_MS     UINT64_C(1000000)
#define CLOCK_NEVER  UINT64_MAX

uint64_t clock_now(void);
/* now + ns, CLOCK_NEVER when that overflows or ns is CLOCK_NEVER. */
uint64_t clock_in(uint64_t ns);
/* Milliseconds left, rounded up, for poll and epoll_wait; 0 when past, -1 for CLOCK_NEVER. */
int clock_left_ms(uint64_t deadline);

#endif
