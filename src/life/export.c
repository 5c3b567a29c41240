/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/export.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "life/stop.h"
#include "life/unpack/progress.h"
#include "life/whole.h"
#include "spec/spec.h"

#define PACK        MGR_LIBEXECDIR "/mgr-unpack"
#define PROGRESS_FD 3

static const struct {
	const char *end, *filter;
} filters[] = {
	{ ".tar", "none" }, { ".tar.zst", "zstd" }, { ".tzst", "zstd" }, { ".tar.gz", "gzip" },
	{ ".tgz", "gzip" }, { ".tar.xz", "xz" },    { ".txz", "xz" },
};

static const char *choose_filter(const char *file, struct err *err)
{
	struct stat st;

	if (!file)
		return "none";
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (str_ends(file, filters[i].end))
			return filters[i].filter;
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return "none";
	err_set(err, EINVAL, "'%s': its end says how it is to be packed: .tar, .tar.zst, .tar.gz or .tar.xz", file);
	return NULL;
}

/* Its configuration, whatever files it is in, to be read. */
static int keep_config(const struct spec *spec, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autoclose int fd = memfd_create("config", MFD_CLOEXEC);
	int r;

	spec_print(spec, &text);
	if (text.failed)
		return err_nomem(err);
	r = fd < 0 ? -errno : file_write_all(fd, str_text(&text), text.len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "keep its configuration") : steal_fd(&fd);
}

struct run {
	const struct life_export *what;
	struct str said;
	char line[64]; /* of the progress, so far */
	size_t len;
};

static void take_progress(struct run *run, const char *bytes, size_t n)
{
	uint64_t done, total;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n') {
			run->line[run->len] = bytes[i];
			run->len += run->len + 1 < sizeof run->line;
			continue;
		}
		run->line[run->len] = '\0';
		run->len = 0;
		if (sscanf(run->line, PROGRESS_SCAN, &done, &total) == 2)
			run->what->progress(done, total, run->what->data);
	}
}

/* What it says (0) and how far it is (1), until it has ended. */
static int follow(struct run *run, int said, int progress)
{
	struct pollfd p[] = { { .fd = said, .events = POLLIN }, { .fd = progress, .events = POLLIN } };
	char buf[4096];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < 2; i++) {
			ssize_t n = p[i].fd >= 0 && p[i].revents ? read(p[i].fd, buf, sizeof buf) : 1;
			if (n <= 0)
				p[i].fd = -1;
			else if (p[i].fd >= 0 && p[i].revents && i == 0)
				str_addn(&run->said, buf, (size_t)n);
			else if (p[i].fd >= 0 && p[i].revents)
				take_progress(run, buf, (size_t)n);
		}
	}
	return 0;
}

/* Its last line is what went wrong. */
static int ended(pid_t pid, struct run *run, struct str *ret_told, struct err *err)
{
	char text[48];
	int status, r = proc_wait(pid, CLOCK_NEVER, &status, err);

	if (r < 0)
		return r;
	if (status == 0) {
		str_add(ret_told, str_text(&run->said));
		return 0;
	}
	if (run->said.len < 2)
		return err_set(err, ECANCELED, "the program that packs it ended with %s", proc_status_text(status, text));
	run->said.text[run->said.len - 1] = '\0';
	const char *last = strrchr(run->said.text, '\n');
	return err_set(err, ECANCELED, "%s", last ? last + 1 : run->said.text);
}

static int make_argv(const struct spec *spec, const char *name, const char *filter, bool progress, struct strv *argv)
{
	const struct idmap *map = &spec->container.idmap;
	int r = strv_add(argv, PACK) | strv_addf(argv, "--pack=%s", filter) | strv_addf(argv, "--name=%s", name) |
		strv_addf(argv, "--set=rootfs.path=%s", spec->rootfs.path);

	if (spec->rootfs.exposed)
		r |= strv_add(argv, "--set=rootfs.exposed=yes");
	if (progress)
		r |= strv_add(argv, "--progress");
	if (map->mode == IDMAP_NONE)
		r |= strv_add(argv, "--map=none");
	for (size_t i = 0; map->mode == IDMAP_MAP && i < map->n; i++)
		r |= strv_addf(argv, "--map=%c %u %u %u", map->v[i].gid ? 'g' : 'u', map->v[i].guest, map->v[i].host,
			       map->v[i].count);
	return r < 0 ? -ENOMEM : 0;
}

static int pack(const struct spec *spec, const char *name, const struct life_export *what, const char *filter, int out,
		struct str *ret_told, struct err *err)
{
	struct run run = { .what = what };
	autocall(strv_done) struct strv argv = { 0 };
	autoclose int config = keep_config(spec, err);
	int said[2], progress[2], r;
	pid_t pid;

	if (config < 0)
		return config;
	if (make_argv(spec, name, filter, what->progress, &argv) < 0)
		return err_nomem(err);
	if (pipe2(said, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(progress, O_CLOEXEC) < 0) {
		close(said[0]), close(said[1]);
		return err_sys(err, errno, "make a pipe");
	}
	const struct proc_fd fds[] = { { config, 0 }, { out, 1 }, { said[1], 2 }, { progress[1], PROGRESS_FD } };
	pid = proc_spawn_session((const char *const *)argv.v, fds, what->progress ? 4 : 3, NULL, err);
	close(said[1]), close(progress[1]);
	r = pid < 0 ? pid : follow(&run, said[0], progress[0]);
	close(said[0]), close(progress[0]);
	if (pid > 0)
		r = r < 0 ? err_sys(err, -r, "hear of its packing") : ended(pid, &run, ret_told, err);
	str_done(&run.said);
	return r;
}

int life_export(const struct store *store, const char *name, const struct life_export *what, struct str *ret_told,
		struct err *err)
{
	autocall(spec_done) struct spec spec;
	autocall(whole_done) struct whole file = { .fd = -1 };
	autoclose int lock = -1, folder = -1;
	const char *filter = choose_filter(what->file, err);
	int r;

	spec_init(&spec);
	if (!filter)
		return -err->code;
	lock = life_take_stopped(store, name, err);
	r = lock < 0 ? lock : (folder = store_container(store, name, err));
	if (r >= 0)
		r = spec_load(&spec, folder, "config", err);
	if (r >= 0)
		r = spec_check(&spec, err);
	if (r == 0 && what->file)
		r = whole_open(&file, what->file, err);
	if (r == 0)
		r = pack(&spec, name, what, filter, what->file ? file.fd : what->out, ret_told, err);
	debug_point("export", "packed");
	return r == 0 && what->file ? whole_commit(&file, err) : r;
}
