/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A supervisor as mgr-boot leaves it, over an "init" that is a function of the test: no container is needed. */
#ifndef MGR_TESTS_SUPERVISOR_HARNESS_H
#define MGR_TESTS_SUPERVISOR_HARNESS_H

#include <sys/types.h>

#include "wire/handover.h"

struct harness {
	char dir[64]; /* has control, lock, log, console, last */
	int at;       /* the folder */
	pid_t supervisor;
	int console; /* the guest's end of the console */
	int notify;  /* connected to the notify socket; init has it as descriptor 3 */
};

/* Start it. init runs in the child and must not return; change (may be NULL) may alter the handover. 0 or -1 (errno). */
int harness_start(struct harness *h, void (*init)(void), void (*change)(struct handover *));
/* 0 when it exits within five seconds; -1 when it died of a signal, or had to be killed. What it exits with tells of the
 * undoing, which only an installed mgr-boot can do. */
int harness_end(struct harness *h);
/* Remove the folder. */
void harness_done(struct harness *h);

#endif
