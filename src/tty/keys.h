/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_TTY_KEYS_H
#define MGR_TTY_KEYS_H

#include "conf/conf.h"

extern const struct section tty_console_section; /* struct console_conf */
extern const struct section tty_section;         /* struct tty_conf */

#endif
