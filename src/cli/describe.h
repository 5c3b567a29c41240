/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `mgr --describe` and `mgr-manage --describe`: the tables of a program as lines of fields parted by tabs, from which the
 * manual pages, the completion and `make lint` are made. What each line holds: doc/man/README.md. */
#ifndef MGR_CLI_DESCRIBE_H
#define MGR_CLI_DESCRIBE_H

/* Commands, options, exit codes, lists of words. */
void describe(void);
/* Every key of a container's configuration and of mgr.conf. */
void describe_keys(void);

#endif
