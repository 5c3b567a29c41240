/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this room share. */
#ifndef MGR_CGROUP_INTERNAL_H
#define MGR_CGROUP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cgroup/cgroup.h"

/* A path in a hierarchy: mount (127), "/", the cgroup's (255), "/", a file's name. */
#define CGROUP_PATH_MAX 512

/* The controllers of v2 that limits and guests use. */
#define CGROUP_V2_CONTROLLERS 5
extern const char *const cgroup_v2_controllers[CGROUP_V2_CONTROLLERS];

/* Add what the text of /proc/self/mountinfo lists, v2 first. reachable: is this hierarchy's file system what one finds at
 * that path (another mount may lie above it)? */
int cgroup_parse_mountinfo(struct cgroup *cg, const char *text, bool (*reachable)(const struct cgroup_hierarchy *h),
			   struct err *err);

/* Is `word` in a list that is separated by any of the characters of seps? */
bool cgroup_list_has(const char *list, const char *seps, const char *word);
/* The hierarchy that has this controller (or "name=..."); NULL when none has. */
const struct cgroup_hierarchy *cgroup_with(const struct cgroup *cg, const char *controller);
/* The v2 hierarchy, NULL when the host has none. */
const struct cgroup_hierarchy *cgroup_v2(const struct cgroup *cg);

/* Open a file of the container's cgroup in h (which need not be open), or the folder itself when file is NULL. Returns the
 * fd or -errno. */
int cgroup_open_file(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, int flags);
/* One below a folder that exists and is not ours to remove. */
int cgroup_name_given(struct cgroup *cg, const char *path, struct err *err);
/* The path of the folder above, with the mount: what all containers of a store share, or what was given for this one. */
int cgroup_parent_path(const struct cgroup *cg, const struct cgroup_hierarchy *h, char *buf, size_t size);
/* Its text, without the last newline. Returns the length or -errno. */
int cgroup_read(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, char *buf, size_t size);

/* The files that the configuration names. */
int cgroup_set_raw(const struct cgroup *cg, const struct limits_conf *limits, struct err *err);
/* What `from` has and `to` has not or otherwise: as where nobody has set it. Returns how many. */
int cgroup_unset_raw(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to, struct err *err);
/* Is this file ("FILE" or "FILE=VALUE") one whose values add up? */
bool cgroup_repeats(const char *file);
int cgroup_set_limits(const struct cgroup *cg, const struct limits_conf *limits, struct err *err);

#define CGROUP_ROUND 128 /* how many processes are listed at a time; a fork bomb takes more */
/* Appends the pids of one cgroup.procs to pids[*n], up to CGROUP_ROUND. */
int cgroup_list_procs(int dir, pid_t *pids, size_t *n);

/* Is `key` of "KEY=VALUE" or by itself a rule for devices? */
bool cgroup_is_device_key(const char *key);
/* From the rules that one configuration has to those that another has. */
int cgroup_change_devices(const struct cgroup *cg, const struct limits_conf *from, const struct limits_conf *to,
			  struct err *err);
/* devices.list, where it is no file. */
int cgroup_list_devices(const struct cgroup *cg, char **ret, struct err *err);
int cgroup_add_device_rule(const struct cgroup *cg, bool allow, const char *text, struct err *err);

/* Call fn for `dir` and every folder below, however deep, with one descriptor or two at a time, until it returns anything
 * but 0: that, 0, or -errno. */
int cgroup_walk(int dir, int (*fn)(void *data, int dir), void *data);
/* Remove every folder below `dir`, however deep, with one descriptor a time. -EBUSY when a process is in one. */
int cgroup_prune(int dir);

#endif
