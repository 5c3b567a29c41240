/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's configuration, whole: every room's part. */
#ifndef MGR_SPEC_SPEC_H
#define MGR_SPEC_SPEC_H

#include "base/err.h"
#include "cgroup/cgroup.h"
#include "conf/conf.h"
#include "hook/hook.h"
#include "init/init.h"
#include "mount/mount.h"
#include "net/net.h"
#include "ns/ns.h"
#include "security/security.h"
#include "spec/log.h"
#include "spec/start.h"
#include "storage/storage.h"
#include "store/store.h"
#include "tty/tty.h"

struct spec {
	struct strv include; /* what the file itself includes, read by now */
	struct container_conf container;
	struct uts_conf uts;
	struct rootfs_conf rootfs;
	struct mount_conf mount;
	struct net_conf net;
	struct limits_conf limits;
	struct cap_conf cap;
	struct seccomp_conf seccomp;
	struct apparmor_conf apparmor;
	struct init_conf init;
	struct console_conf console;
	struct tty_conf tty;
	struct log_conf log;
	struct hook_conf hook;
	struct start_conf start;
	bool no_memory; /* spec_init could not make the defaults; spec_load and spec_check say so */
};

/* Its keys, for mgr-config. */
extern const struct schema spec_schema;

/* Defaults of every key. */
void spec_init(struct spec *spec);
void spec_done(struct spec *spec);

/* Read the file `path` relative to dirfd over what is there; errors name file, line and key. -ENOENT when it is absent. */
int spec_load(struct spec *spec, int dirfd, const char *path, struct err *err);
/* One "section.key=value", "section.key+=value" or "section.key=" as on a command line. */
int spec_set(struct spec *spec, const char *assignment, struct err *err);
/* What no single key can tell: rootfs.path present, ranges that do not overlap, forwards that have a NIC ... */
int spec_check(const struct spec *spec, struct err *err);

/* Can a container's root write with the ids of the disk to this source of an entry, open, to which others than root can
 * come, or which leads to the manager's own? -EPERM then; it is said to be so by "exposed", and by "trusted". mapped: the
 * container has an id map. */
struct mount_entry;
int spec_check_source(const struct mount_entry *e, int source, bool mapped, const struct store *store, struct err *err);
/* The same for all entries whose source is there. */
int spec_check_sources(const struct spec *spec, const struct store *store, struct err *err);

/* Whose root it is, for a backend's ops; borrows from all of them. -EINVAL as storage_find. */
int spec_place(const struct spec *spec, const struct store *store, const char *name, int folder, struct storage_place *ret,
	       const struct storage_backend **ret_backend, struct err *err);

/* What it is seen through, in a user namespace with this id map (-1: as on disk). */
struct storage_ids spec_ids(const struct idmap *map, int userns);

/* Does the root folder belong to somebody inside? -EOVERFLOW when its ids are outside of the id map. The folder has no ids
 * of the host's: the map is put on its mount. */
int spec_check_owner(const struct spec *spec, struct err *err);

/* -EBUSY with its name when the folder (path: for the message) is, holds or lies in the root file system of a container of
 * any known store. but: not of this one of `store`. */
int spec_check_root(int dir, const char *path, const struct store *store, const char *but, struct err *err);
/* The same at a start, whatever hand has written the configuration: -EBUSY when one that runs has it, unless this one only
 * reads it; -EINVAL when it is the manager's own. What lies in `folder`, the container's, is its own. */
int spec_check_outside(const struct spec *spec, const struct store *store, const char *name, int folder, struct err *err);
/* Nobody else may run in this one's root folder, which starts in `store`: for one that is stored no mgr-execute, for one of
 * mgr-execute's none that is stored. Each has its lock before it looks, so that of two at once one sees the other. */
int spec_check_alone(const struct spec *spec, const struct store *store, struct err *err);

/* Every key that is not at its default, as the text of a config. */
void spec_print(const struct spec *spec, struct str *out);
/* The same as a file, 0600, atomically. */
int spec_save(const struct spec *spec, int dirfd, const char *path, struct err *err);

/* What its hooks are told, and where their programs may not lie. t does not move afterwards; spec and name stay. */
int spec_tell_hooks(const struct spec *spec, const struct store *store, const char *name, struct hook_told *t,
		    struct err *err);

/* Nobody else may have the host's ids that [container] idmap names: -EADDRINUSE with who does. They are this container's
 * from then on. name: of the container. */
int spec_claim_ids(const struct spec *spec, const struct store *store, const char *name, struct err *err);

#endif
