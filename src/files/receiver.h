/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side that makes: what comes (receive.c), the content of files (receive_file.c), and where both are (receiver.c). */
#ifndef MGR_FILES_RECEIVER_H
#define MGR_FILES_RECEIVER_H

#include "files/internal.h"

/* A folder that is being filled; the lowest is the one where things were to go. */
struct level {
	int fd;
	bool is_new;
	struct record record;
	size_t path; /* its length, in the text of the path */
};

struct receiver {
	int sock;
	const struct files_target *t;
	struct packet *p;
	struct level levels[FILES_DEPTH + 2];
	size_t depth;
	struct str base;    /* the lowest as the user calls it, for messages; ends with a slash unless "" */
	struct str path;    /* of the folder, below the lowest */
	struct strv linked; /* paths below the lowest folder of files that have other names, by their id - 1 */
	bool in_file;
	struct making making;
	struct record file;
	char *name; /* of the file */
};

/* "WHAT 'PATH': ...", for a name in the folder where we are. Returns e. */
int receiver_failed(const struct receiver *d, int e, const char *what, const char *name, struct err *err);
int receiver_nonsense(struct err *err);

/* Go into a folder, whose descriptor is the receiver's then, and out of it. */
void receiver_enter(struct receiver *d, int fd, bool is_new, const struct record *r);
void receiver_leave(struct receiver *d);
/* Done with what is in no folder. */
void receiver_end_single(struct receiver *d);
/* The folder where we are. */
int receiver_top(const struct receiver *d);
/* The folder and name for what the packet names; *ret_name is allocated. */
int receiver_take_name(struct receiver *d, bool is_folder, char **ret_name, struct err *err);

/* Records of a file: it begins, what is in it, its attributes (or those of the folder that is being made), its end. */
int receive_file(struct receiver *d, struct err *err);
int receive_data(struct receiver *d, struct err *err);
int receive_hole(struct receiver *d, struct err *err);
int receive_xattr(struct receiver *d, struct err *err);
int receive_close(struct receiver *d, struct err *err);
/* Close it, complete or not. */
void receive_forget(struct receiver *d);

#endif
