/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_BASE_SCRIPT_H
#define MGR_BASE_SCRIPT_H

#define SCRIPT_INTERPRETER 256 /* bytes, as much as the kernel reads (BINPRM_BUF_SIZE in its binfmts.h) */

/* The interpreter that a program's first line names ("#!", execve(2)): 1 with its path, 0 when it is no script, -errno. */
int script_interpreter(int fd, char ret[static SCRIPT_INTERPRETER]);

#endif
