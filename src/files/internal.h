/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes over the socket, and what the files of this room share. */
#ifndef MGR_FILES_INTERNAL_H
#define MGR_FILES_INTERNAL_H

#include <stddef.h>
#include <sys/stat.h>

#include "files/files.h"

#define FILES_DEPTH 500             /* folders in folders: each is an open descriptor on both sides */
#define FILES_BODY  ((size_t)65536) /* longest body of a packet */

enum record_type {
	RECORD_FILE = 1, /* body: its name; RECORD_XATTR, RECORD_DATA and RECORD_HOLE follow, then RECORD_CLOSE */
	RECORD_XATTR,    /* body: the attribute's name, then its value */
	RECORD_DATA,
	RECORD_HOLE, /* size bytes of nothing */
	RECORD_CLOSE,
	RECORD_FOLDER,  /* body: its name, "" for what is in it only; all until its RECORD_UP is in it */
	RECORD_UP,      /* the folder is complete */
	RECORD_SYMLINK, /* body: its name, then its target */
	RECORD_LINK,    /* body: its name; a hard link to the file that came with this id */
	RECORD_NOTE,    /* body: a line for the user */
	RECORD_END,     /* all is sent: the result is awaited */
	RECORD_FAILED,  /* body: struct err of the sender, which ends here */
	RECORD_RESULT,  /* body: struct err of the receiver, code 0 when all went well */
};

struct record {
	uint32_t type, mode, uid, gid;
	uint64_t size, link; /* link: id of a file with other names that may follow, 0: none */
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t name; /* bytes of the body that are the name */
};

struct packet {
	struct record head;
	char body[FILES_BODY + 1]; /* always with a 0 behind it */
	size_t n;                  /* bytes of the body; not sent */
};

/* --- record.c --------------------------------------------------------------------------------------------------------- */

/* Send head and body. 0 or -errno; -ETIMEDOUT. */
int packet_send(int sock, struct packet *p, uint64_t patience);
/* Receive one. 0; -ECONNRESET when the peer is gone, -EPROTO for what is none, -ETIMEDOUT. */
int packet_receive(int sock, struct packet *p, uint64_t patience);

/* Extended attributes that `preserve` takes along. */
bool xattr_is_kept(const char *name);

/* --- base.c ----------------------------------------------------------------------------------------------------------- */

/* Open a path of the user's. The fd or -errno. */
int base_open(const struct files_base *base, const char *path, int flags);
/* One component in an open folder, never through a symlink. */
int base_open_in(int folder, const char *name, int flags, mode_t mode);

/* --- place.c ---------------------------------------------------------------------------------------------------------- */

/* Where something is to be made. */
struct place {
	int folder;
	char *name; /* allocated; "" with a folder whose content is meant */
	bool into;  /* the target's path is that folder */
};

/* Where what is called `name` goes by the target's path: into it when that is a folder, else in its place. */
int place_find(const struct files_target *t, const char *name, bool is_folder, struct place *ret, struct err *err);
void place_done(struct place *p);

/* --- make.c: one object in an open folder -------------------------------------------------------------------------------
 */

#define TEMPORARY_NAME 24

struct making {
	int fd; /* of a file that is not complete, -1: none */
	char temporary[TEMPORARY_NAME];
};

int make_file(const struct files_target *t, int folder, const struct record *r, struct making *ret);
/* Mode and time of what is complete. */
int make_finish(const struct files_target *t, int fd, const struct record *r);
/* Give the temporary its name. */
int make_named(int folder, const char *temporary, const char *name);
int make_symlink(const struct files_target *t, int folder, const char *name, const char *target, const struct record *r);
int make_link(int from_folder, const char *from, int folder, const char *name);
/* The folder, open, and for the time being its owner's to write; *ret_new: it was not there. */
int make_folder(const struct files_target *t, int folder, const char *name, const struct record *r, bool *ret_new);
/* make_finish for a new one. */
int make_folder_finish(const struct files_target *t, int fd, const struct record *r);

#endif
