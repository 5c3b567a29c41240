/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to a container at rest: it is made, it is removed. */
#ifndef MGR_LIFE_LIFE_H
#define MGR_LIFE_LIFE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct about; /* unpack/about.h */

struct life_create {
	const char *name;
	/* what its root file system comes from, one of: */
	const char *template; /* name or absolute path */
	const char *archive;  /* a tar file; "-" for standard input */
	const struct about
		*exported;       /* the file is mgr-export's, and says this; configurations are to be taken as they are */
	uint64_t size;           /* bytes of files that it may have then; 0: by the room there is */
	const char *rootfs;      /* a folder, used where it is and never removed */
	const char *image;       /* a file system or a disk, which is only read */
	bool in_place;           /* no: it is written */
	const char *disk;        /* a qcow2 disk, likewise */
	bool block;              /* no: it is written to, block by block, beside it */
	bool import;             /* no: it is copied into an image of the container's own */
	const char *backing;     /* the folder where what that stands on may be, beside its own; NULL */
	int64_t partition;       /* of either; 0: all of it; -1: the one that holds a root file system */
	const char *backend;     /* of its root file system; NULL: what mgr.conf says; "auto": mgr's choice */
	bool exposed;            /* the folder, although others than root can come to it */
	const struct strv *args; /* of the template */
	const char *conf;        /* to start from instead of /etc/mgr/default.conf; NULL: that one */
	const struct strv *set;  /* assignments, "section.key=value", in order */
	struct in_addr ip;       /* wanted of the managed network; 0: any */
	bool passing;            /* it is there for one run (passing.h): the folder is not its own */
	/* Each line that the template prints, or who unpacks what mgr-export has packed (unpack/unpack.h); may be NULL. */
	void (*line)(const char *line, void *data);
	/* How far an import is, in bytes; may be NULL. */
	void (*progress)(uint64_t done, uint64_t total, void *data);
	void *data;
};

/* Make a container. It is one once this returns 0; else nothing of it is left, whatever happened (a process that is killed
 * leaves what the next command that writes clears). ret_tail, added: the last lines of a template; of an archive, what could
 * not be had from it. 1: it is one, and err says what will hinder it. A SIGINT, SIGTERM, SIGHUP or SIGQUIT undoes everything
 * and then has its usual effect on the calling process. */
int life_create(const struct store *store, const struct life_create *what, struct str *ret_tail, struct err *err);

/* Remove a container with its address, ids, log and runtime folder. force: stop it first, and take one without
 * config; else -EBUSY when it runs. Never follows a symlink, and refuses (-EBUSY, the container is whole) while something is
 * mounted in it, or when a destroy hook fails; with force the message of that is in err, and 1 is returned. */
int life_destroy(const struct store *store, const char *name, bool force, struct err *err);

/* Give a stopped container another name: folder, configuration (rootfs.path, and uts.name where it was the old name),
 * registries and logs. Interrupted anywhere it has one of the two, and store_sweep sees to the rest. -EBUSY when it is not
 * stopped, -EEXIST when there is one of that name; then nothing has changed. */
int life_rename(const struct store *store, const char *from, const char *to, struct err *err);

#endif
