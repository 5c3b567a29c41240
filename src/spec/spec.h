/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's configuration, whole: every room's part. */
#ifndef MGR_SPEC_SPEC_H
#define MGR_SPEC_SPEC_H

#include "base/err.h"
#include "cgroup/cgroup.h"
#include "init/init.h"
#include "mount/mount.h"
#include "net/net.h"
#include "ns/ns.h"
#include "security/security.h"
#include "storage/storage.h"

struct spec {
	struct container_conf container;
	struct uts_conf uts;
	struct rootfs_conf rootfs;
	struct mount_conf mount;
	struct net_conf net;
	struct limits_conf limits;
	struct cap_conf cap;
	struct seccomp_conf seccomp;
	struct init_conf init;
};

/* Defaults of every key. */
void spec_init(struct spec *spec);
void spec_done(struct spec *spec);

/* Read the file `path` relative to dirfd over what is there; errors name file, line and key. */
int spec_load(struct spec *spec, int dirfd, const char *path, struct err *err);
/* One "section.key=value", "section.key+=value" or "section.key=" as on a command line. */
int spec_set(struct spec *spec, const char *assignment, struct err *err);
/* What no single key can tell: rootfs.path present, ranges that do not overlap, forwards that have a NIC ... */
int spec_check(const struct spec *spec, struct err *err);

#endif
