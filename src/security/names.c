/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities by name, and which are dropped by default: what reads configurations links this, and libcap with it. */
#include <ctype.h>
#include <errno.h>
#include <strings.h>
#include <sys/capability.h>

#include "base/cleanup.h"
#include "security/security.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Not dropped, although they sound grave: sys_boot is reboot(2) of the container's own pid namespace; sys_admin, net_admin,
 * sys_ptrace and the like are what a machine's root does all day, and in a user namespace they reach what it owns alone;
 * audit_write is asked for by login, sudo and sshd. */
static const uint64_t dropped =
	/* The kernel is the host's. systemd looks here too: with these two in the bounding set it starts
	 * systemd-modules-load and mounts debugfs, both of which then fail. */
	BIT(CAP_SYS_MODULE) | BIT(CAP_SYS_RAWIO) |
	/* The clock and the machine's sleep are the host's; without sys_time systemd-timesyncd stays away by itself. */
	BIT(CAP_SYS_TIME) | BIT(CAP_WAKE_ALARM) | BIT(CAP_BLOCK_SUSPEND) | BIT(CAP_MAC_OVERRIDE) |
	/* Audit, the kernel's log and process accounting are not namespaced: what is read there is the host's. */
	BIT(CAP_AUDIT_CONTROL) | BIT(CAP_AUDIT_READ) | BIT(CAP_SYSLOG) | BIT(CAP_SYS_PACCT);

/* Without a user namespace, a device node that the guest makes is the host's disk. (In one the kernel refuses mknod, and
 * services that ask for PrivateDevices= look at the capability.) */
static const uint64_t dropped_privileged = BIT(CAP_MKNOD);

/* The security module's policy is the host's, as long as the guest has no namespace of it. In one of its own it is asked for
 * (aa_may_manage_policy in the kernel's security/apparmor/policy.c). */
static const uint64_t dropped_without_policy = BIT(CAP_MAC_ADMIN);

int security_cap(const char *name, struct err *err)
{
	autofree char *full = str_fmt("cap_%s", strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name);
	cap_value_t cap;

	if (!full)
		return err_nomem(err);
	for (char *p = full; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (cap_from_name(full, &cap) == 0)
		return (int)cap;
	return err_set(err, EINVAL, "'%s' is not a capability such as sys_module or net_raw", name);
}

static int add_named(const struct strv *list, uint64_t *bits, bool *ret_none, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->v[i], "none")) {
			*ret_none = true;
			continue;
		}
		int cap = security_cap(list->v[i], err);
		if (cap < 0)
			return cap;
		*bits |= BIT(cap);
	}
	return 0;
}

int security_caps(const struct cap_conf *conf, bool privileged, bool own_policy, uint64_t *ret_keep, struct err *err)
{
	uint64_t keep = 0, drop = 0;
	bool keep_none = false, drop_none = false;

	if (conf->keep.n > 0 && conf->drop.n > 0)
		return err_set(err, EINVAL, "cap.drop and cap.keep exclude each other");
	if (add_named(&conf->keep, &keep, &keep_none, err) < 0)
		return err_wrap(err, "cap.keep");
	if (add_named(&conf->drop, &drop, &drop_none, err) < 0)
		return err_wrap(err, "cap.drop");
	if (!drop_none)
		drop |= dropped | (privileged ? dropped_privileged : 0) | (own_policy ? 0 : dropped_without_policy);
	*ret_keep = conf->keep.n > 0 ? keep : (BIT(CAP_LAST_CAP + 1) - 1) & ~drop;
	return 0;
}
