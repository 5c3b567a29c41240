/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who reads what strangers made has no files but those that it is handed. The broker, which reads nothing, opens them: the
 * disk, and what disks name, as far as the user's folders allow. It believes nothing that it is asked. */
#ifndef MGR_STORAGE_QCOW2_BROKER_H
#define MGR_STORAGE_QCOW2_BROKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct broker {
	const char *disk;
	struct strv from;    /* further folders that backing files may be in */
	const char *output;  /* a file to be made, "-" for standard output, or NULL */
	const char *folder;  /* what is to be mounted on, or NULL */
	const char *delta;   /* a file that takes what is written, or NULL */
	int fuse;            /* the /dev/fuse that both sides have */
	struct strv folders; /* in which, or below which, what is named must be */
	struct strv layers;  /* the names of what has been opened, as they are relative to the layer above */
	const char *made;    /* an output, or a delta, that is not done yet */
};

/* Answer until the other side is gone. What it has made and not called done is removed then: an output, or a new delta of
 * which nothing was mounted. */
void broker_run(struct broker *b, int sock);
void broker_done(struct broker *b);

/* Of the other side. data: int *, its socket. As chain_open_fn. */
int broker_open(void *data, size_t above, const char *name, int *ret_fd, struct err *err);
/* The output, to be written. */
int broker_output(int sock, int *ret_fd, struct err *err);
/* It is whole, and stays. */
int broker_keep(int sock, struct err *err);

/* The delta, to be read and written, made if it is not there. */
int broker_delta(int sock, int *ret_fd, struct err *err);

/* Mount what comes from /dev/fuse on the folder. */
int broker_mount(int sock, struct err *err);

#endif
