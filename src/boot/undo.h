/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The undo record run/NAME/undo: what outlives a process, written before it is made, a line an object: "STEP OBJECT". */
#ifndef MGR_BOOT_UNDO_H
#define MGR_BOOT_UNDO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Append one line. */
int undo_add(int rundir, const char *step, const char *object, struct err *err);

/* Call fn for each line, last first; a line that was cut short when its writer died is passed over: what it names was not
 * made; and so, with a warning in the log, is one that is no line or that fn answers with -EBADMSG. Goes on after a failure.
 * When all went well the record is removed. Returns the first failure. No record is 0. */
typedef int undo_fn(void *data, const char *step, const char *object, struct err *err);
int undo_run(int rundir, undo_fn *fn, void *data, struct err *err);

/* The same for those lines alone that `which` wants; the others stay in the record, in their order, and so do those whose
 * undoing has failed. */
typedef bool undo_which(void *data, const char *step, const char *object);
int undo_some(int rundir, undo_which *which, undo_fn *fn, void *data, struct err *err);

/* The object of the last line of that step: 1, or 0 when there is none. */
int undo_find(int rundir, const char *step, char *ret, size_t size, struct err *err);

#endif
