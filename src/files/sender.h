/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side that reads: the walk (send.c), what is in a file (content.c), and how both reach the other side (sender.c). */
#ifndef MGR_FILES_SENDER_H
#define MGR_FILES_SENDER_H

#include "files/internal.h"

struct sender {
	int sock;
	const struct files_source *src;
	uint64_t patience;
	struct packet *p;
	struct str path; /* of what is being sent */
	void *linked;    /* tsearch(3) of struct linked */
	uint64_t n_linked;
	size_t depth;
};

/* Send the packet, whose body is there. When the receiver has ended: why. */
int sender_put(struct sender *s, struct err *err);
/* A packet with up to two texts as its body; name may be NULL, and so may rest. */
int sender_put_record(struct sender *s, struct record head, const char *name, const char *rest, struct err *err);

/* What the other side has to say, at its end or before it. */
int sender_take_result(struct sender *s, struct err *err);

/* All of an open file, as far as it went when st was taken; of what is no file, to its end. */
int content_send(struct sender *s, int fd, const struct stat *st, struct err *err);
/* Its extended attributes, or a folder's, when they are wanted. */
int content_send_xattrs(struct sender *s, int fd, struct err *err);

#endif
