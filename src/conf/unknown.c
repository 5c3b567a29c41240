/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that are not known: what was probably meant. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/internal.h"

#define LONGEST 64

/* Levenshtein's distance, LONGEST when either is longer than that. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], n = strlen(a), m = strlen(b);

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

/* The best name so far for what was given. */
struct nearest {
	const char *given, *name;
	size_t distance;
};

static void consider(struct nearest *n, const char *name)
{
	size_t d = distance(n->given, name);

	if (d < n->distance && d <= 1 + strlen(n->given) / 4) {
		n->distance = d;
		n->name = name;
	}
}

int unknown_section(const struct schema *schema, const char *name, size_t len, struct err *err)
{
	char given[LONGEST + 1];
	struct nearest best = { .given = given, .distance = LONGEST };
	autocall(str_done) struct str all = { 0 };

	str_print(given, sizeof given, "%.*s", (int)len, name);
	given[strcspn(given, ".")] = '\0';
	for (size_t i = 0; i < schema->n; i++) {
		const struct section *section = schema->parts[i].section;
		if (str_eq(given, section->name) && section->kind == SECTION_NUMBERED)
			return err_set(err, EINVAL, "unknown section [%.*s]: [%s.N] takes a number from 0 to %u", (int)len,
				       name, section->name, section->max);
		if (str_eq(given, section->name) && section->kind == SECTION_NAMED)
			return err_set(
				err, EINVAL,
				"unknown section [%.*s]: [%s.NAME] takes a name of up to %d small letters, digits and '-', "
				"first a letter",
				(int)len, name, section->name, CONF_ID_MAX);
		consider(&best, section->name);
		str_addf(&all, "%s%s%s", i ? ", " : "", section->name, conf_section_suffix(section));
	}
	if (best.name)
		err_set(err, EINVAL, "unknown section [%.*s]; did you mean [%s]?", (int)len, name, best.name);
	else
		err_set(err, EINVAL, "unknown section [%.*s]; there are %s", (int)len, name, str_text(&all));
	return -EINVAL;
}

int unknown_key(const struct section *section, const char *name, struct err *err)
{
	struct nearest best = { .given = name, .distance = LONGEST };
	autocall(str_done) struct str all = { 0 };

	for (const struct key *key = section->keys; key->name; key++) {
		consider(&best, key->name);
		str_addf(&all, "%s%s", key == section->keys ? "" : ", ", key->name);
	}
	if (section->kind == SECTION_FREE)
		err_set(err, EINVAL, "a name is missing");
	else if (best.name)
		err_set(err, EINVAL, "unknown key '%s'; did you mean '%s'?", name, best.name);
	else
		err_set(err, EINVAL, "unknown key '%s'; [%s%s] has %s", name, section->name, conf_section_suffix(section),
			str_text(&all));
	return -EINVAL;
}

/* What of LXC's has another place here, or none; a name that ends with a dot stands for all that begin so. */
static const struct {
	const char *name, *answer;
} lxc[] = {
	{ "lxc.cgroup.dir", "a container's cgroup is mgr/NAME" },
	{ "lxc.cgroup.dir.", "a container's cgroup is mgr/NAME" },
	{ "lxc.cgroup.relative", "a container's cgroup is mgr/NAME" },
	{ "lxc.monitor.", "there is nothing to set here" },
	{ "lxc.mount.auto", "/proc, /sys and cgroups are always mounted here; 'cgroup' in [mount] chooses which cgroups" },
	{ "lxc.mount.fstab", "here each line of that file is an 'entry' in [mount]" },
	{ "lxc.rootfs.", "here [rootfs] has 'path' and 'readonly'" },
	{ "lxc.autodev", "/dev is always made here" },
	{ "lxc.autodev.", "/dev is always made here, on a tmpfs" },
	{ "lxc.arch", "leave it out: programs of any kind that the host can run do" },
	{ "lxc.pty.max", "leave it out: a container's /dev/pts has no limit of its own" },
	{ "lxc.tty.dir", "terminals are /dev/tty1 and so on here" },
	{ "lxc.console.path", "here there is mgr-console, and 'logfile' in [console]" },
	{ "lxc.console.rotate", "here it is 'size' in [console]" },
	{ "lxc.apparmor.allow_nesting", "leave it out: containers inside are allowed" },
	{ "lxc.apparmor.allow_incomplete", "leave it out: mgr-checkconfig tells what the kernel lacks" },
	{ "lxc.apparmor.raw", "rules of your own go into a profile of the host's; its name is 'profile' in [apparmor]" },
	{ "lxc.aa_profile", "here it is 'profile' in [apparmor]" },
	{ "lxc.aa_allow_incomplete", "leave it out" },
	{ "lxc.selinux.", "SELinux is not there yet: leave it out" },
	{ "lxc.keyring.", "a container always has a keyring of its own: leave it out" },
	{ "lxc.sysctl.", "not there yet: what is the container's own can be set inside, in /etc/sysctl.conf" },
	{ "lxc.prlimit.", "not there yet; [limits] bounds the whole container" },
	{ "lxc.proc.", "not there yet" },
	{ "lxc.namespace.",
	  "not there: a container has namespaces of its own; 'type = host' in [net.0] shares the network" },
	{ "lxc.hook.version", "leave it out: hooks get arguments and variables" },
	{ "lxc.hook.clone", "not there yet" },
	{ "lxc.log.file", "the log is where mgr-log finds it: leave it out" },
	{ "lxc.log.syslog", "the log is a file, see mgr-log" },
	{ "lxc.execute.cmd", "here the command is mgr-execute's argument" },
	{ "lxc.environment", "here a variable A=b is a line 'A = b' in [environment]" },
	{ "lxc.utsname", "here it is 'name' in [uts]" },
	{ "lxc.rootfs", "here it is 'path' in [rootfs]" },
	{ "lxc.id_map", "here it is 'idmap' in [container]" },
	{ "lxc.network.", "here the first interface is [net.0]" },
	{ "lxc.net.N.l2proxy",
	  "not there: 'veth.mode = router' answers for the gateway; the host's sysctl proxy_arp for the rest" },
	{ "lxc.net.N.veth.n_rxqueues", "leave it out: a veth has one queue each way" },
	{ "lxc.net.N.veth.n_txqueues", "leave it out: a veth has one queue each way" },
};

/* "lxc.net.7.mtu" as "lxc.net.N.mtu". */
static const char *without_number(const char *name, char *buf, size_t size)
{
	const size_t head = strcspn(name, "0123456789"), number = strspn(name + head, "0123456789");

	if (!number || name[head + number] != '.' ||
	    str_print(buf, size, "%.*sN%s", (int)head, name, name + head + number) < 0)
		return name;
	return buf;
}

static const char *lxc_answer(const char *given)
{
	char buf[LONGEST + 1];
	const char *name = without_number(given, buf, sizeof buf);

	for (size_t i = 0; i < ARRAY_SIZE(lxc); i++) {
		const size_t n = strlen(lxc[i].name);
		if (lxc[i].name[n - 1] == '.' ? str_starts(name, lxc[i].name) : str_eq(name, lxc[i].name))
			return lxc[i].answer;
	}
	return NULL;
}

int unknown_lxc(const struct schema *schema, const char *name, struct err *err)
{
	const char *own = str_eq(name, "lxc.include") ? "include.path" : name + strlen("lxc.");
	autofree char *outside = str_fmt("container.%s", own); /* what LXC keeps outside any group */
	const char *answer = lxc_answer(name);
	struct conf_key key;
	bool found = !str_starts(own, "lxc.") && conf_find(schema, own, &key, NULL) >= 0;

	if (!found && outside && !strchr(own, '.') && conf_find(schema, outside, &key, NULL) >= 0) {
		own = outside;
		found = true;
	}
	if (found && key.part->section->kind == SECTION_FREE && answer)
		found = false;
	if (!found && answer)
		return err_set(err, EINVAL, "'%s' is LXC's: %s", name, answer);
	if (!found)
		return err_set(err, EINVAL,
			       "'%s' is LXC's, and has no counterpart here; mgr-config keys lists what there is", name);
	return err_set(err, EINVAL, "'%s' is LXC's: here it is '%s' in [%.*s]", name, key.name, (int)key.section_size, own);
}
