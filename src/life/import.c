/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "conf/conf.h"
#include "life/life.h"
#include "life/snapshot.h"
#include "storage/storage.h"

#define UNPACK    MGR_LIBEXECDIR "/mgr-unpack"
#define HEAD_TIME (60 * CLOCK_SECOND)

static int open_archive(const char *path, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open it");
	return S_ISREG(st.st_mode) ? steal_fd(&fd) : err_set(err, EINVAL, "is no file: it is read twice");
}

/* What it says about itself. */
static int run_head(int archive, char **ret_out, struct err *err)
{
	const char *const argv[] = { UNPACK, "--head", NULL };
	const struct proc_fd from = { archive, 0 };

	return proc_run_job(
		&(struct proc_job){
			.argv = argv, .fds = &from, .n = 1, .longest = HEAD_TIME, .out = ret_out, .out_max = ABOUT_MAX },
		err);
}

static int check_snapshots(const struct about *about, struct err *err)
{
	for (size_t i = 0; i < about->n; i++) {
		const char *name = about->v[i].name;
		int r = snapshot_check_name(name, err);
		if (r == 0 && str_eq(name, SNAPSHOT_ALL))
			r = err_set(err, EINVAL, "'" SNAPSHOT_ALL "' is no snapshot's name");
		for (size_t k = 0; k < i && r == 0; k++)
			if (str_eq(about->v[k].name, name))
				r = err_set(err, EINVAL, "there are two snapshots '%s'", name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_about(const struct life_import *what, struct about *ret, struct err *err)
{
	autoclose int archive = open_archive(what->file, err);
	autofree char *out = NULL;
	int r = archive < 0 ? archive : run_head(archive, &out, err);

	if (r == 0)
		r = about_parse(out, ret, err);
	if (r == 0)
		r = store_check_new_name(ret->name, err);
	return r == 0 ? check_snapshots(ret, err) : r;
}

int life_import_about(const struct life_import *what, struct about *ret, struct err *err)
{
	*ret = (struct about){ 0 };
	return read_about(what, ret, err) < 0 ? err_wrap(err, "archive '%s'", what->file) : 0;
}

/* Of a snapshot, what was not told of the container. */
static void tell_more(const char *snapshot, const char *text, struct str *told)
{
	while (*text) {
		const size_t n = strcspn(text, "\n") + 1;
		autofree char *line = strndup(text, n);
		if (line && !strstr(str_text(told), line))
			str_addf(told, "snapshot '%s': %s", snapshot, line);
		text += n;
	}
}

/* Its configurations become what a new container may have. */
static int choose_keys(const struct life_import *what, struct about *about, struct str *told, struct err *err)
{
	const struct storage_backend *backend = what->backend ? storage_named(what->backend, NULL) : NULL;
	const struct import_keys keys = { .was = about->name,
					  .trust = what->trust,
					  .sized = backend && backend->size && !what->size };
	int r = 0;

	for (size_t i = 0; i <= about->n && r == 0; i++) {
		char **config = i ? &about->v[i - 1].config : &about->config;
		autocall(str_done) struct str text = { 0 }, left = { 0 };
		r = import_config(*config, &keys, &text, i ? &left : told, err);
		if (r < 0)
			return i ? err_wrap(err, "snapshot '%s'", about->v[i - 1].name) : r;
		if (i)
			tell_more(about->v[i - 1].name, str_text(&left), told);
		free(*config);
		*config = strdup(str_text(&text));
		r = *config ? 0 : err_nomem(err);
	}
	return r;
}

/* As a file that life_create can be given. */
static int keep(const char *text, struct err *err)
{
	autoclose int fd = memfd_create("config", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));

	return r < 0 ? err_sys(err, -r, "keep its configuration") : steal_fd(&fd);
}

static void take_line(const char *line, void *data)
{
	const struct life_import *what = data;
	uint64_t done, total;

	if (sscanf(line, PROC_PROGRESS, &done, &total) == 2)
		what->progress(done, total, what->data);
}

int life_import(const struct store *store, const char *name, const struct life_import *what, struct about *about,
		struct str *ret_told, struct err *err)
{
	autofree char *path = NULL;
	autoclose int config = -1;
	const struct strv none = { 0 };
	int r = choose_keys(what, about, ret_told, err);

	if (r < 0)
		return err_wrap(err, "archive '%s'", what->file);
	config = keep(about->config, err);
	if (config < 0)
		return config;
	path = str_fmt("/proc/self/fd/%d", config);
	if (!path)
		return err_nomem(err);
	const struct life_create create = { .name = name,
					    .archive = what->file,
					    .exported = about,
					    .size = what->size,
					    .backend = what->backend,
					    .conf = path,
					    .set = &none,
					    .line = what->progress ? take_line : NULL,
					    .data = (void *)what };
	return life_create(store, &create, ret_told, err);
}
