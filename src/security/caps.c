/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: names, what is dropped by default, and dropping it.
 *
 * The names are our own table and not libcap's, whose loading would be a noticeable part of each start and attach; the unit
 * test holds the two against each other. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "security/security.h"

#define BIT(n) (UINT64_C(1) << (n))

static const char *const names[] = {
	[CAP_CHOWN] = "chown",
	[CAP_DAC_OVERRIDE] = "dac_override",
	[CAP_DAC_READ_SEARCH] = "dac_read_search",
	[CAP_FOWNER] = "fowner",
	[CAP_FSETID] = "fsetid",
	[CAP_KILL] = "kill",
	[CAP_SETGID] = "setgid",
	[CAP_SETUID] = "setuid",
	[CAP_SETPCAP] = "setpcap",
	[CAP_LINUX_IMMUTABLE] = "linux_immutable",
	[CAP_NET_BIND_SERVICE] = "net_bind_service",
	[CAP_NET_BROADCAST] = "net_broadcast",
	[CAP_NET_ADMIN] = "net_admin",
	[CAP_NET_RAW] = "net_raw",
	[CAP_IPC_LOCK] = "ipc_lock",
	[CAP_IPC_OWNER] = "ipc_owner",
	[CAP_SYS_MODULE] = "sys_module",
	[CAP_SYS_RAWIO] = "sys_rawio",
	[CAP_SYS_CHROOT] = "sys_chroot",
	[CAP_SYS_PTRACE] = "sys_ptrace",
	[CAP_SYS_PACCT] = "sys_pacct",
	[CAP_SYS_ADMIN] = "sys_admin",
	[CAP_SYS_BOOT] = "sys_boot",
	[CAP_SYS_NICE] = "sys_nice",
	[CAP_SYS_RESOURCE] = "sys_resource",
	[CAP_SYS_TIME] = "sys_time",
	[CAP_SYS_TTY_CONFIG] = "sys_tty_config",
	[CAP_MKNOD] = "mknod",
	[CAP_LEASE] = "lease",
	[CAP_AUDIT_WRITE] = "audit_write",
	[CAP_AUDIT_CONTROL] = "audit_control",
	[CAP_SETFCAP] = "setfcap",
	[CAP_MAC_OVERRIDE] = "mac_override",
	[CAP_MAC_ADMIN] = "mac_admin",
	[CAP_SYSLOG] = "syslog",
	[CAP_WAKE_ALARM] = "wake_alarm",
	[CAP_BLOCK_SUSPEND] = "block_suspend",
	[CAP_AUDIT_READ] = "audit_read",
	[CAP_PERFMON] = "perfmon",
	[CAP_BPF] = "bpf",
	[CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
};

/* Not dropped, although they sound grave: sys_boot is reboot(2) of the container's own pid namespace; sys_admin, net_admin,
 * sys_ptrace and the like are what a machine's root does all day, and in a user namespace they reach what it owns alone;
 * audit_write is asked for by login, sudo and sshd. */
static const uint64_t dropped =
	/* The kernel is the host's. systemd looks here too: with these two in the bounding set it starts
	 * systemd-modules-load and mounts debugfs, both of which then fail. */
	BIT(CAP_SYS_MODULE) | BIT(CAP_SYS_RAWIO) |
	/* The clock and the machine's sleep are the host's; without sys_time systemd-timesyncd stays away by itself. */
	BIT(CAP_SYS_TIME) | BIT(CAP_WAKE_ALARM) | BIT(CAP_BLOCK_SUSPEND) |
	/* The security module's policy is the host's. */
	BIT(CAP_MAC_ADMIN) | BIT(CAP_MAC_OVERRIDE) |
	/* Audit, the kernel's log and process accounting are not namespaced: what is read there is the host's. */
	BIT(CAP_AUDIT_CONTROL) | BIT(CAP_AUDIT_READ) | BIT(CAP_SYSLOG) | BIT(CAP_SYS_PACCT);

/* Without a user namespace, a device node that the guest makes is the host's disk. (In one the kernel refuses mknod, and
 * services that ask for PrivateDevices= look at the capability.) */
static const uint64_t dropped_privileged = BIT(CAP_MKNOD);

int security_cap(const char *name, struct err *err)
{
	const char *bare = strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(names[i], bare) == 0)
			return (int)i;
	return err_set(err, EINVAL, "no capability is called '%s' (see capabilities(7))", name);
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

int security_caps(const struct cap_conf *conf, bool privileged, uint64_t *ret_keep, struct err *err)
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
		drop |= dropped | (privileged ? dropped_privileged : 0);
	*ret_keep = conf->keep.n > 0 ? keep : (BIT(ARRAY_SIZE(names)) - 1) & ~drop;
	return 0;
}

int security_drop_caps(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];

	for (unsigned long cap = 0; cap < 64; cap++)
		if (!(keep & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL) /* past the last that this kernel has */
				break;
			return err_sys(err, errno, "drop capability %lu", cap);
		}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, set) < 0)
		return err_sys(err, errno, "read the capabilities");
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		set[i].permitted &= (uint32_t)(keep >> (32 * i));
		set[i].effective &= set[i].permitted;
		set[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, set) < 0)
		return err_sys(err, errno, "drop capabilities");
	return 0;
}
