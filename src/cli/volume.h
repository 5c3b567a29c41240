/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -v SRC:DEST[:OPTION,...]: a file or folder of the host's for the container. */
#ifndef MGR_CLI_VOLUME_H
#define MGR_CLI_VOLUME_H

#include "base/err.h"
#include "base/str.h"

/* Adds what it means for the configuration: ids on it are the container's, what it is mounted on is made. */
int volume_assign(const char *text, struct strv *assign, struct err *err);

#endif
