/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions on the terminal. */
#ifndef MGR_CLI_ASK_H
#define MGR_CLI_ASK_H

#include "base/err.h"

/* Ask "QUESTION [USUAL]: " on stderr and read a line of stdin: what was typed, without blanks around it; `usual` when that
 * is nothing (NULL: none, ""). Allocated in *ret. -ECANCELED when the input ends, -ENOTTY when one of the two is no
 * terminal: then nothing is asked. */
int ask_line(const char *question, const char *usual, char **ret, struct err *err);

#endif
