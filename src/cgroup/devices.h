/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which device nodes may be made and opened, as cgroup v1 has it (cgroup-v1/devices.rst, security/device_cgroup.c): either
 * nothing but exceptions, or everything but exceptions. */
#ifndef MGR_CGROUP_DEVICES_H
#define MGR_CGROUP_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define DEVICE_EVERY UINT32_MAX /* as a major or minor number: all of them */

/* The kernel's bits: BPF_DEVCG_ACC_*, DEVCG_ACC_*. */
enum device_access {
	DEVICE_MKNOD = 1 << 0,
	DEVICE_READ = 1 << 1,
	DEVICE_WRITE = 1 << 2,
};

struct device_rule {
	char type; /* 'b', 'c', or 'a' for all that there is, the rest unused */
	uint32_t major, minor;
	unsigned access; /* never 0 */
};

/* "c 10:232 rwm", "b 8:* r", "a". -EINVAL says what it is not. */
int device_rule_parse(const char *text, struct device_rule *ret, struct err *err);
/* The same as text. */
#define DEVICE_RULE_TEXT 40
const char *device_rule_text(const struct device_rule *rule, char buf[static DEVICE_RULE_TEXT]);

struct device_list {
	bool allows; /* everything but the exceptions; else nothing but them */
	size_t n;
	struct device_rule *v; /* the exceptions, no two alike but in access, in the order in which they came */
};

void device_list_done(struct device_list *list);
/* What a write of the rule to devices.allow or devices.deny does. 0 or -ENOMEM. */
int device_list_apply(struct device_list *list, bool allow, const struct device_rule *rule);
/* Its exception for exactly this device; NULL. */
struct device_rule *device_list_find(const struct device_list *list, const struct device_rule *rule);
/* May this be done? type 'b' or 'c'. */
bool device_list_permits(const struct device_list *list, char type, uint32_t major, uint32_t minor, unsigned access);
/* The text of devices.list: exceptions of a list that allows are not shown there. */
void device_list_text(const struct device_list *list, struct str *out);

/* mgr's own rules; ends with a type of 0. */
extern const struct device_rule device_defaults[];
/* mgr's own, then what these "devices.allow=RULE" and "devices.deny=RULE" among others say, one list after the other. */
int device_list_of(struct device_list *ret, const struct strv *first, const struct strv *second, struct err *err);
/* Is this "FILE=VALUE" one of them? Then its rule. */
bool device_pair(const char *pair, bool *ret_allow, struct device_rule *ret);

/* --- devices_bpf.c: a program of our own at the cgroup, its list in a map --------------------------------------------- */

/* Put the list in force at the cgroup that the descriptor opens, in one moment, instead of an earlier one of ours. -errno
 * (EPERM, ENOSYS, EINVAL: this kernel, or we, cannot). */
int device_bpf_set(int dir, const struct device_list *list, struct err *err);
/* The list in force; -ENOENT when none of ours is. */
int device_bpf_get(int dir, struct device_list *ret, struct err *err);
/* One rule more, whoever else changes it at that time. */
int device_bpf_apply(int dir, bool allow, const struct device_rule *rule, struct err *err);

#endif
