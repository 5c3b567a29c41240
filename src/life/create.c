/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "life/identity.h"
#include "life/internal.h"
#include "life/unpack/about.h"
#include "template/template.h"

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

/* What was asked for, by itself: before the name is looked at, so that a mistake in it is heard of first. */
static int check_wishes(const struct birth *birth, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	r = load(birth, -1, &spec, err);
	if (r == 0)
		r = birth_set_rootfs(birth, &spec, err);
	return r < 0 ? r : spec_check(&spec, err);
}

/* Before the template runs: whether all of the configuration is right, and what it needs is to be had. */
static int prepare(struct birth *birth, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	r = load(birth, -1, &spec, err);
	if (r == 0)
		r = birth_folder(birth, err);
	if (r == 0)
		r = birth_allot(birth, &spec, err);
	if (r == 0)
		r = birth_set_rootfs(birth, &spec, err);
	if (r == 0)
		r = spec_check(&spec, err);
	if (r == 0)
		r = spec_check_sources(&spec, birth->store, err);
	if (r == 0 && birth->rootfs && spec_check_owner(&spec, err) < 0)
		r = err_wrap(err, "--rootfs");
	birth->map = spec.container.idmap;
	birth->size = spec.rootfs.size;
	birth->options = spec.rootfs.options;
	spec.rootfs.options = (struct strv){ 0 };
	debug_point("create", "reserved");
	return r;
}

static bool is_asked_for(const struct birth *birth, const char *key)
{
	for (size_t i = 0; i < birth->what->set->n; i++)
		if (str_starts(birth->what->set->v[i], key) && birth->what->set->v[i][strlen(key)] == '=')
			return true;
	return false;
}

/* A template knows its init; of what came from elsewhere one that is not systemd would never say that it is ready. */
static int choose_ready(const struct birth *birth, struct spec *spec, struct str *ret_tail, struct err *err)
{
	struct err why = { 0 };
	struct storage_mount look = { .tree = -1 };
	const int r = birth->disk ? birth_open_root(birth, spec, birth->backend, &look, err) : 0;
	autoclose int shown = look.tree;
	const int filled = birth->archive < 0 ? -1 : birth->tree;
	const int root = birth->rootfs ? birth->rootfs_fd : birth->disk ? shown : filled;
	autocall(strv_done) struct strv argv = { 0 };

	if (r < 0 || (birth->disk && birth_check_shown(birth, shown, err) < 0))
		return -err->code;
	if (init_argv(&spec->init, &argv, err) < 0)
		return -err->code;
	if (birth->disk && init_check(root, argv.v[0], &why) < 0)
		str_addf(ret_tail, "%s%s: it cannot be started; mgr-execute can run a command in it",
			 ret_tail->len ? "; " : "", why.msg);
	if (root < 0 || spec->init.ready.how != HANDOVER_READY_NOTIFY || is_asked_for(birth, "init.ready"))
		return 0;
	return init_says_ready(root, argv.v[0]) ? 0 : spec_set(spec, "init.ready=exec", err);
}

/* With another name an exported container is another machine; a disk is what any number of them stand on. */
static int renew(const struct birth *birth, const struct spec *spec, struct err *err)
{
	const struct about *was = birth->what->exported;
	const char *name = birth->what->name;
	struct storage_mount root;
	int r;

	if ((!birth->disk || birth->what->in_place) && (!was || str_eq(was->name, name)))
		return 0;
	r = birth_open_root(birth, spec, birth->backend, &root, err);
	if (r < 0)
		return r;
	r = identity_renew(root.tree, was ? was->name : NULL, str_eq(spec->uts.name, name) ? name : NULL, err);
	if (r == 0)
		r = storage_sync(&root, birth->folder, err);
	close(root.tree);
	return r;
}

/* What is on a device is somebody else's to have only then. */
static void let_go_of_root(struct birth *birth)
{
	if (birth->tree >= 0)
		close(birth->tree);
	birth->tree = -1;
}

static int configure(struct birth *birth, struct str *ret_tail, struct err *err)
{
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	r = load(birth, birth->folder, &spec, err);
	if (r == 0 && spec.container.idmap.mode == IDMAP_NONE && birth->map.mode != IDMAP_NONE)
		r = err_set(err, EPERM,
			    "template '%s' asks for a privileged container (container.idmap = none): add "
			    "-s container.idmap=none if it is to be one",
			    birth->what->template);
	if (r == 0)
		r = birth_set_rootfs(birth, &spec, err);
	if (r == 0)
		r = choose_ready(birth, &spec, ret_tail, err);
	let_go_of_root(birth);
	if (r == 0)
		r = birth_allot(birth, &spec, err);
	if (r == 0)
		r = spec_check(&spec, err);
	if (r == 0)
		r = renew(birth, &spec, err);
	if (r == 0 && birth->what->exported)
		r = birth_save_snapshots(birth, &spec, err);
	if (r == 0)
		r = spec_save(&spec, birth->folder, "config", err);
	if (r == 0 && unlinkat(birth->folder, TEMPLATE_CONF, 0) < 0 && errno != ENOENT)
		r = err_sys(err, errno, "remove '" TEMPLATE_CONF "'");
	debug_point("create", "configured");
	return r;
}

static int make(struct birth *birth, void *data, struct err *err)
{
	int r = prepare(birth, err);

	if (r == 0)
		r = birth_fill(birth, data, err);
	return r == 0 ? configure(birth, data, err) : r;
}

int life_create(const struct store *store, const struct life_create *what, struct str *ret_tail, struct err *err)
{
	struct birth birth = { .store = store, .what = what, .claim = -1, .folder = -1, .tree = -1 };
	int r = birth_source(&birth, err);

	if (r == 0)
		r = birth_choose(&birth, err);
	if (r == 0)
		r = check_wishes(&birth, err);
	if (r == 0)
		r = birth_run(&birth, make, ret_tail, err);
	birth_source_done(&birth);
	return r;
}
