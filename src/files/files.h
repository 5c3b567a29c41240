/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and folders over a socket: one process reads and sends them, another one makes them. Each sees one side only, the
 * host's or a container's, so that nothing that a guest puts into its tree can be mistaken for something of the host's. */
#ifndef MGR_FILES_FILES_H
#define MGR_FILES_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* What paths are relative to, and whether they may lead out of it. */
struct files_base {
	int root;    /* a folder; AT_FDCWD: the working folder of the host */
	bool inside; /* a container's root: every path is resolved in it */
	int self;    /* fd_self() of this process */
};

struct files_source {
	struct files_base base;
	const struct strv *paths; /* "-": from */
	int from;                 /* descriptor that "-" stands for, -1: no such */
	bool preserve;            /* extended attributes too */
	/* What is left out of a folder, a line each; NULL: it is told to the other side. */
	void (*note)(const char *line, void *data);
	void *data;
};

struct files_target {
	struct files_base base;
	const char *path; /* where to; "-": to */
	int to;           /* descriptor that "-" stands for, -1: no such */
	bool folder;      /* path has to be a folder: several things are to go there */
	bool create;      /* make folders that are missing on the way */
	bool preserve;    /* owner, all bits of the mode, time and extended attributes as at the source */
	bool has_owner;   /* everything gets this owner */
	uid_t uid;
	gid_t gid;
	bool has_mode; /* files get this mode */
	mode_t mode;
	uint64_t patience;                          /* ns that the sender may be silent; CLOCK_NEVER: for ever */
	void (*note)(const char *line, void *data); /* may be NULL */
	void *data;
};

/* Send everything over a SEQPACKET socket and wait for the other side's result. Files are read to the size that they had
 * when they were opened, and nothing but regular files is (on the host, what is named itself may be a pipe or device). A
 * symlink that is named is followed, one in a folder is sent as one. 0, or -errno: ours or the other side's. -ETIMEDOUT: it
 * took nothing for `patience`. */
int files_send(int sock, const struct files_source *source, uint64_t patience, struct err *err);

/* Make what comes, then tell the result. A file takes its name only when it is complete; what has the name is not opened.
 * Folders that exist are added to. 0, or -errno: ours or the other side's. */
int files_receive(int sock, const struct files_target *target, struct err *err);

/* Instead of files_receive: nothing is made, and this is why. */
void files_refuse(int sock, const struct err *err);

#endif
