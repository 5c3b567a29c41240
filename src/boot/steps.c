/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "boot/internal.h"

const struct step steps[] = {
	{ "config", PARENT, up_config, NULL },
	{ "hooks", PARENT, up_hooks, NULL },
	{ "hook-pre-start", PARENT, up_hook_pre_start, down_hook_post_stop },
	{ "unit", PARENT, up_unit, NULL },
	{ "apparmor", PARENT, up_apparmor, down_apparmor },
	{ "security", PARENT, up_security, NULL },
	{ "network-service", PARENT, up_network_service, down_network_service },
	{ "cgroup-v2", PARENT, up_cgroup_v2, NULL },
	{ "dev", PARENT, up_dev, NULL },
	{ "clone", PARENT, up_clone, NULL },
	{ "idmap", PARENT, up_idmap, NULL },
	{ "storage", PARENT, up_storage, down_storage },
	{ "mount-entries", PARENT, up_entries_open, NULL },
	{ "become-root", CHILD, up_become_root, NULL },
	{ "hook-pre-mount", CHILD, up_hook_pre_mount, NULL },
	{ "rootfs", CHILD, up_rootfs, NULL },
	{ "mount", CHILD, up_entries, NULL },
	{ "hook-mount", CHILD, up_hook_mount, NULL },
	{ "resolver", CHILD, up_resolver, NULL },
	{ "console", CHILD, up_console, NULL },
	{ "cgroup", PARENT, up_cgroup, down_cgroup },
	{ "devices", PARENT, up_devices, NULL },
	{ "cgroup-join", CHILD, up_cgroup_join, NULL },
	{ "cgroup-view", CHILD, up_cgroup_view, NULL },
	{ "confine", CHILD, up_confine, NULL },
	{ "network", PARENT, up_network, down_network },
	{ "hook-net", PARENT, up_hook_net, down_hook_net },
	{ "init", PARENT, up_init_check, NULL },
	{ "forward", PARENT, up_forward, NULL },
	{ "hook-start-host", PARENT, up_hook_start_host, down_hook_stop },
	{ "control", PARENT, up_control, down_control },
	{ "hook-start", CHILD, up_hook_start, NULL },
	{ "exec", CHILD, up_exec, NULL },
};

const size_t n_steps = ARRAY_SIZE(steps);
