/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Switches that only tests set, in the environment of a command; they travel to what it starts.
 *
 *   MGR_DEBUG_SKIP_DOWN=STEP    the undo of this step does nothing (shows that the leftover check sees it)
 *   MGR_DEBUG_KILL=POINT        the process that reaches this point kills itself with SIGKILL
 *   MGR_DEBUG_STOP=POINT        the same, with SIGSTOP: it is stuck there
 *   MGR_DEBUG_ONCE=FILE         only the first that reaches it: it removes this file
 */
#ifndef MGR_BASE_DEBUG_H
#define MGR_BASE_DEBUG_H

#include <stdbool.h>

/* A named point that both can choose, e.g. debug_point("boot:up", "cgroup") is "boot:up:cgroup". */
void debug_point(const char *where, const char *what);
bool debug_skips_down(const char *step);

#endif
