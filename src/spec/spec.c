/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cgroup/keys.h"
#include "hook/keys.h"
#include "init/keys.h"
#include "mount/keys.h"
#include "net/keys.h"
#include "ns/keys.h"
#include "security/keys.h"
#include "storage/keys.h"
#include "tty/keys.h"

#define AT(field) offsetof(struct spec, field)

/* In the order in which a file is written. */
static const struct conf_part parts[] = {
	{ &ns_container_section, AT(container) },
	{ &ns_uts_section, AT(uts) },
	{ &storage_rootfs_section, AT(rootfs) },
	{ &mount_section, AT(mount) },
	{ &net_nic_section, AT(net) },
	{ &net_forward_section, AT(net.forward) },
	{ &cgroup_limits_section, AT(limits) },
	{ &cgroup_v1_section, AT(limits) },
	{ &cgroup_v2_section, AT(limits) },
	{ &security_cap_section, AT(cap) },
	{ &security_seccomp_section, AT(seccomp) },
	{ &security_apparmor_section, AT(apparmor) },
	{ &init_section, AT(init) },
	{ &init_signal_section, AT(init) },
	{ &init_environment_section, AT(init) },
	{ &tty_console_section, AT(console) },
	{ &tty_section, AT(tty) },
	{ &log_section, AT(log) },
	{ &hook_section, AT(hook) },
	{ &start_section, AT(start) },
	{ &conf_include_section, AT(include) },
};

const struct schema spec_schema = { ARRAY_SIZE(parts), parts };

void spec_init(struct spec *spec)
{
	memset(spec, 0, sizeof *spec);
	spec->no_memory = conf_init(&spec_schema, spec, NULL) < 0;
}

void spec_done(struct spec *spec)
{
	if (spec)
		conf_done(&spec_schema, spec);
}

int spec_load(struct spec *spec, int dirfd, const char *path, struct err *err)
{
	return spec->no_memory ? err_nomem(err) : conf_load(&spec_schema, spec, dirfd, path, err);
}

int spec_set(struct spec *spec, const char *assignment, struct err *err)
{
	return spec->no_memory ? err_nomem(err) : conf_assign(&spec_schema, spec, assignment, err);
}

void spec_print(const struct spec *spec, struct str *out)
{
	conf_save(&spec_schema, spec, out);
}

int spec_save(const struct spec *spec, int dirfd, const char *path, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	spec_print(spec, &text);
	return text.failed ? err_nomem(err) : file_replace_at(dirfd, path, text.text, text.len, 0600, err);
}
