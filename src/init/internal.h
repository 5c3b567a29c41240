/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_INIT_INTERNAL_H
#define MGR_INIT_INTERNAL_H

#define INIT_REPORT_FD 3 /* of mgr-init */

/* Every signal has its default effect, none is blocked. */
void init_default_signals(void);

#endif
