/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The snapshots that come with an exported container. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "life/internal.h"
#include "life/unpack/about.h"

static int open_folder(const struct birth *birth, const char *snapshot, struct err *err)
{
	autofree char *path = str_fmt(STORE_SNAP "/%s", snapshot);
	int fd = path ? openat(birth->folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

	return fd < 0 ? err_sys(err, path ? errno : ENOMEM, "open snapshot '%s'", snapshot) : fd;
}

static int make_one(const struct birth *birth, const char *snapshot, struct err *err)
{
	autofree char *path = str_fmt(STORE_SNAP "/%s", snapshot);
	const struct rootfs_conf conf = { .size = birth->backend->apart ? birth->size : 0, .options = birth->options };
	const struct storage_place of = { .conf = &conf,
					  .path = path,
					  .store = birth->store,
					  .name = birth->what->name,
					  .uuid = birth->uuid,
					  .folder = birth->folder };
	autoclose int folder = -1;

	if (!path)
		return err_nomem(err);
	if (mkdirat(birth->folder, path, 0700) < 0)
		return err_sys(err, errno, "make snapshot '%s'", snapshot);
	folder = open_folder(birth, snapshot, err);
	if (folder < 0)
		return folder;
	const struct storage_place place = storage_place_in(&of, folder);
	return birth->backend->create(&place, NULL, err);
}

int birth_make_snapshots(const struct birth *birth, struct err *err)
{
	const struct about *about = birth->what->exported;
	int r = about->n && mkdirat(birth->folder, STORE_SNAP, 0700) < 0 ? err_sys(err, errno, "make '" STORE_SNAP "'") : 0;

	for (size_t i = 0; i < about->n && r == 0; i++)
		r = make_one(birth, about->v[i].name, err);
	return r;
}

/* What is the container's own, whatever it was. */
static int take_own(const struct spec *spec, struct spec *of, const char *was, struct err *err)
{
	autocall(strv_done) struct strv keys = { 0 };
	autofree char *name = str_fmt("uts.name=%s", was); /* what its files say */
	int r = strv_add(&keys, "container.uuid") | strv_add(&keys, "container.idmap") | strv_add(&keys, "rootfs.path");

	if (!name)
		return err_nomem(err);
	if (!of->uts.name && spec_set(of, name, err) < 0)
		return -err->code;
	for (size_t i = 0; i < of->net.n; i++)
		for (size_t k = 0; k < spec->net.n; k++)
			if (spec->net.v[k].index == of->net.v[i].index && !of->net.v[i].has_hwaddr)
				r |= strv_addf(&keys, "net.%u.hwaddr", of->net.v[i].index);
	if (r < 0)
		return err_nomem(err);
	for (size_t i = 0; i < keys.n && r == 0; i++) {
		struct conf_key key;
		r = conf_find(&spec_schema, keys.v[i], &key, err);
		if (r == 0)
			r = conf_copy(spec, of, &key, err);
	}
	return r;
}

static int save_one(const struct birth *birth, const struct spec *spec, const struct about_snapshot *s, struct err *err)
{
	const struct timespec when = { (time_t)(s->created / CLOCK_SECOND), (long)(s->created % CLOCK_SECOND) };
	autoclose int folder = open_folder(birth, s->name, err);
	autocall(spec_done) struct spec of;
	int r;

	spec_init(&of);
	r = folder < 0 ? folder : conf_load_text(&spec_schema, &of, "mgr/" STORE_SNAP, s->config, strlen(s->config), err);
	if (r == 0)
		r = take_own(spec, &of, birth->what->exported->name, err);
	if (r == 0)
		r = spec_save(&of, folder, "config", err);
	if (r == 0 && s->comment)
		r = file_replace_at(folder, "comment", s->comment, strlen(s->comment), 0600, err);
	if (r == 0 && utimensat(folder, "config", (struct timespec[]){ when, when }, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_sys(err, errno, "say when it was made");
	return r < 0 ? err_wrap(err, "snapshot '%s'", s->name) : 0;
}

int birth_save_snapshots(const struct birth *birth, const struct spec *spec, struct err *err)
{
	const struct about *about = birth->what->exported;
	int r = 0;

	for (size_t i = 0; i < about->n && r == 0; i++)
		r = save_one(birth, spec, &about->v[i], err);
	return r;
}
