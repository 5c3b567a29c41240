/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong, for the program that runs a command (libmgr): each failure as a whole struct err, written to the
 * descriptor that MGR_REPORT_FD names, a pipe. */
#ifndef MGR_CLI_REPORT_H
#define MGR_CLI_REPORT_H

#include <stdbool.h>

#include "base/err.h"

/* Take it from the environment; programs that this one runs do not see it. */
void report_open(void);
/* For this program run by itself: it is in the environment again. */
void report_again(void);
/* false: nobody wants it, so that it is to be printed. */
bool report(const struct err *err);

#endif
