/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between this room and its program mgr-systemd:
 *
 *   mgr-systemd --scope container|lasting UNIT DESCRIPTION PID    a scope around a process (a container's: its parent);
 *                                                              answers with one struct err to descriptor 3
 *   mgr-systemd --machine NAME UUID LEADER ROOT                nobody waits
 *
 *   mgr-systemd --firewalld add|remove INTERFACE
 *   mgr-systemd --resolved INTERFACE SERVER DOMAIN...
 *
 * What goes wrong is logged to descriptor 2. */
#ifndef MGR_UNIT_INTERNAL_H
#define MGR_UNIT_INTERNAL_H

#include "unit/unit.h"

#define UNIT_PROGRAM MGR_LIBEXECDIR "/mgr-systemd"
#define UNIT_ANSWER  3

#endif
