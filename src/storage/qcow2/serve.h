/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_QCOW2_SERVE_H
#define MGR_STORAGE_QCOW2_SERVE_H

#include "base/err.h"
#include "storage/qcow2/chain.h"
#include "storage/qcow2/writer.h"

/* A file system of one folder with one file in it, `disk`: what the chain shows, to be read, or the writer, to be written,
 * too. */
struct serve;

/* fuse: /dev/fuse, from which requests will come once it is mounted; stays the caller's, as the writer (NULL: there is none)
 * does. NULL with the error. Everything
 * that serving takes is allocated here, and held in memory. */
struct serve *serve_new(const struct chain *chain, struct writer *writer, int fuse, struct err *err);
/* Answer until nobody has it any more, with several threads. */
void serve_run(struct serve *s);

#endif
