/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "life/life.h"
#include "spec/spec.h"
#include "store/claim.h"
#include "store/ids.h"
#include "store/leases.h"
#include "store/settings.h"
#include "template/template.h"

/* A container that is being made. */
struct birth {
	const struct store *store;
	const struct life_create *what;
	int claim, folder; /* the name, locked; what is to be the container */
	char uuid[37];
	uint32_t first_id;  /* 0: no range of its own */
	bool privileged;    /* the user has said so */
	struct lease lease; /* ipv4 0: none */
};

static int set(struct spec *spec, struct err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int set(struct spec *spec, struct err *err, const char *fmt, ...)
{
	autocall(str_done) struct str text = { 0 };
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof buf)
		return err_set(err, ENAMETOOLONG, "set '%s...': too long", buf);
	return spec_set(spec, buf, err);
}

/* The configuration as asked for: the file, what the template left, then the command line. folder -1: no template yet. */
static int load(const struct birth *birth, int folder, struct spec *spec, struct err *err)
{
	const struct life_create *what = birth->what;
	autofree char *usual = str_fmt("%s/default.conf", birth->store->etc);
	int r;

	if (!usual)
		return err_nomem(err);
	r = spec_load(spec, AT_FDCWD, what->conf ? what->conf : usual, err);
	if (r == -ENOENT && !what->conf)
		r = spec_set(spec, "net.0.type=veth", err);
	if (r == 0 && folder >= 0 && faccessat(folder, TEMPLATE_CONF, F_OK, 0) == 0)
		r = spec_load(spec, folder, TEMPLATE_CONF, err);
	for (size_t i = 0; r == 0 && i < what->set->n; i++)
		r = spec_set(spec, what->set->v[i], err);
	return r;
}

static struct nic_conf *leased_nic(struct spec *spec)
{
	for (size_t i = 0; i < spec->net.n; i++)
		if (net_takes_lease(&spec->net.v[i]))
			return &spec->net.v[i];
	return NULL;
}

/* Locally administered, unicast, below 80: those above are the host ends'. 45 random bits. */
static int random_mac(uint8_t mac[6], struct err *err)
{
	if (getrandom(mac, 6, 0) != 6)
		return err_sys(err, errno, "make up a hardware address");
	mac[0] = (uint8_t)((mac[0] & 0x7c) | 0x02);
	return 0;
}

static int set_macs(struct birth *birth, struct spec *spec, struct err *err)
{
	const struct nic_conf *leased = leased_nic(spec);
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->net.n; i++) {
		struct nic_conf *nic = &spec->net.v[i];
		bool is_leased = leased && nic->index == leased->index && birth->lease.ipv4.s_addr;
		uint8_t mac[6];
		if (nic->type != NIC_VETH || nic->has_hwaddr)
			continue;
		if (is_leased)
			memcpy(mac, birth->lease.mac, sizeof mac);
		else
			r = random_mac(mac, err);
		if (r == 0)
			r = set(spec, err, "net.%u.hwaddr=%02x:%02x:%02x:%02x:%02x:%02x", nic->index, mac[0], mac[1], mac[2],
				mac[3], mac[4], mac[5]);
	}
	return r;
}

static int reserve_address(struct birth *birth, struct spec *spec, struct err *err)
{
	const struct nic_conf *nic = leased_nic(spec);
	int r;

	if (!nic && birth->what->ip.s_addr)
		return err_set(err, EINVAL, "--ip: no interface of it has a leased address");
	if (!nic || birth->lease.ipv4.s_addr)
		return 0;
	memcpy(birth->lease.uuid, birth->uuid, sizeof birth->lease.uuid);
	r = str_print(birth->lease.name, sizeof birth->lease.name, "%s", birth->what->name);
	if (nic->has_hwaddr)
		memcpy(birth->lease.mac, nic->hwaddr, sizeof nic->hwaddr);
	else if (r == 0)
		r = random_mac(birth->lease.mac, err);
	if (r == 0)
		r = settings_apply(birth->store, err);
	return r < 0 ? r : leases_reserve(birth->store, &birth->lease, birth->what->ip, err);
}

/* What this container alone has, reserved, and into the configuration. The second time nothing is reserved again. */
static int allot(struct birth *birth, struct spec *spec, struct err *err)
{
	int r = 0;

	if (spec->container.idmap.mode == IDMAP_AUTO && !birth->first_id)
		r = ids_reserve(birth->store, birth->uuid, birth->what->name, &birth->first_id, err);
	if (r == 0)
		r = reserve_address(birth, spec, err);
	if (r == 0)
		r = set(spec, err, "container.uuid=%s", birth->uuid);
	if (r == 0 && spec->container.idmap.mode == IDMAP_MAP)
		r = spec_claim_ids(spec, birth->store, birth->what->name, err);
	if (r == 0 && spec->container.idmap.mode == IDMAP_AUTO) {
		r = set(spec, err, "container.idmap=u 0 %u %u", birth->first_id, IDS_COUNT);
		if (r == 0)
			r = set(spec, err, "container.idmap+=g 0 %u %u", birth->first_id, IDS_COUNT);
	}
	if (r == 0)
		r = set_macs(birth, spec, err);
	if (r == 0 && !spec->uts.name)
		r = set(spec, err, "uts.name=%s", birth->what->name);
	return r;
}

static int set_rootfs(const struct birth *birth, struct spec *spec, struct err *err)
{
	autofree char *text = str_fmt("rootfs.path=dir:%s/%s/rootfs", birth->store->containers, birth->what->name);

	return text ? spec_set(spec, text, err) : err_nomem(err);
}

/* What was asked for, by itself: before the name is looked at, so that a mistake in it is heard of first. */
static int check_wishes(const struct birth *birth, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	r = load(birth, -1, &spec, err);
	if (r == 0)
		r = set_rootfs(birth, &spec, err);
	return r < 0 ? r : spec_check(&spec, err);
}

/* Before the template runs: whether all of the configuration is right, and what it needs is to be had. */
static int prepare(struct birth *birth, struct err *err)
{
	autocall(spec_done) struct spec spec;
	uuid_t uuid;
	int r;

	spec_init(&spec);
	r = load(birth, -1, &spec, err);
	if (r < 0)
		return r;
	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, birth->uuid);
	birth->folder = store_claim_folder(birth->claim, birth->uuid, err);
	r = birth->folder;
	if (r >= 0)
		r = allot(birth, &spec, err);
	if (r == 0)
		r = set_rootfs(birth, &spec, err);
	if (r == 0)
		r = spec_check(&spec, err);
	birth->privileged = spec.container.idmap.mode == IDMAP_NONE;
	debug_point("create", "reserved");
	return r;
}

/* What ends well and does nothing is no template. */
static int check_filled(const struct birth *birth, struct err *err)
{
	int fd = openat(birth->folder, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return err_set(err, ECANCELED, "template '%s' left no root file system", birth->what->template);
	while ((entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			return 0;
	return err_set(err, ECANCELED, "template '%s' left an empty root file system", birth->what->template);
}

static int fill(struct birth *birth, const char *program, struct str *ret_tail, struct err *err)
{
	const struct life_create *what = birth->what;
	autofree char *link = str_fmt("/proc/self/fd/%d", birth->folder), *path = link ? realpath(link, NULL) : NULL;
	autofree char *rootfs = path ? str_fmt("%s/rootfs", path) : NULL;
	struct template run = { .program = program,
				.name = what->name,
				.path = path,
				.rootfs = rootfs,
				.cache = birth->store->cache,
				.args = what->args,
				.keep = birth->claim,
				.line = what->line,
				.data = what->data };
	int r;

	if (!rootfs)
		return err_nomem(err);
	if (mkdirat(birth->folder, "rootfs", 0755) < 0 || fchmodat(birth->folder, "rootfs", 0755, 0) < 0)
		return err_sys(err, errno, "make '%s'", rootfs);
	r = template_run(&run, ret_tail, err);
	if (r < 0)
		return r;
	debug_point("create", "filled");
	return check_filled(birth, err);
}

static int configure(struct birth *birth, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	r = load(birth, birth->folder, &spec, err);
	if (r == 0 && spec.container.idmap.mode == IDMAP_NONE && !birth->privileged)
		r = err_set(err, EPERM,
			    "template '%s' asks for a privileged container (container.idmap = none): add "
			    "-s container.idmap=none if it is to be one",
			    birth->what->template);
	if (r == 0)
		r = allot(birth, &spec, err);
	if (r == 0)
		r = set_rootfs(birth, &spec, err);
	if (r == 0)
		r = spec_check(&spec, err);
	if (r == 0)
		r = spec_save(&spec, birth->folder, "config", err);
	if (r == 0 && unlinkat(birth->folder, TEMPLATE_CONF, 0) < 0 && errno != ENOENT)
		r = err_sys(err, errno, "remove '" TEMPLATE_CONF "'");
	debug_point("create", "configured");
	return r;
}

static int check_signals(const sigset_t *signals, struct err *err)
{
	sigset_t pending;

	sigpending(&pending);
	sigandset(&pending, &pending, signals);
	return sigisemptyset(&pending) ? 0 : err_set(err, EINTR, "interrupted");
}

/* With the signals blocked. */
static int make(struct birth *birth, const char *program, const sigset_t *signals, struct str *ret_tail, struct err *err)
{
	struct err second = { 0 };
	int r;

	birth->claim = store_claim(birth->store, birth->what->name, err);
	if (birth->claim < 0)
		return birth->claim;
	debug_point("create", "claimed");
	r = prepare(birth, err);
	if (r == 0)
		r = fill(birth, program, ret_tail, err);
	if (r == 0)
		r = configure(birth, err);
	if (r == 0)
		r = check_signals(signals, err);
	if (r == 0)
		r = store_claim_commit(birth->store, birth->claim, birth->what->name, birth->uuid, err);
	if (r < 0 && store_claim_drop(birth->store, birth->what->name, &second) < 0)
		log_warn("%s", second.msg);
	if (birth->folder >= 0)
		close(birth->folder);
	close(birth->claim);
	return r;
}

int life_create(const struct store *store, const struct life_create *what, struct str *ret_tail, struct err *err)
{
	struct birth birth = { .store = store, .what = what, .claim = -1, .folder = -1 };
	autofree char *program = NULL;
	sigset_t signals, before;
	struct err swept = { 0 };
	int r = template_find(what->template, &program, err);

	if (r == 0)
		r = check_wishes(&birth, err);
	if (r == 0)
		r = store_make(store, err);
	if (r < 0)
		return r;
	template_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (store_sweep(store, &swept) < 0) /* another's: no reason to fail */
		log_warn("%s", swept.msg);
	r = make(&birth, program, &signals, ret_tail, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
