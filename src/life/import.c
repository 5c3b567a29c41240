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
#include "life/unpack/progress.h"

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

/* "NAME\nCONFIG" on standard output, or what is wrong with it on standard error. */
static int run_head(int archive, char **ret_out, struct err *err)
{
	const char *const argv[] = { UNPACK, "--head", NULL };
	autofree char *said = NULL;
	int out[2], problem[2], status = 0, r;
	char text[48];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(problem, O_CLOEXEC) < 0) {
		close(out[0]), close(out[1]);
		return err_sys(err, errno, "make a pipe");
	}
	const struct proc_fd fds[] = { { archive, 0 }, { out[1], 1 }, { problem[1], 2 } };
	pid = proc_spawn_session(argv, fds, 3, NULL, err);
	close(out[1]), close(problem[1]);
	r = pid < 0 ? pid : file_read_fd(out[0], "its head", CONF_FILE_MAX + 2 * STORE_NAME_MAX, ret_out, NULL, err);
	if (r == 0)
		r = file_read_fd(problem[0], "its head", CONF_VALUE_MAX, &said, NULL, err);
	close(out[0]), close(problem[0]);
	if (pid > 0 && proc_wait(pid, clock_in(HEAD_TIME), &status, r < 0 ? NULL : err) < 0)
		return r < 0 ? r : -err->code;
	if (r < 0 || status == 0)
		return r;
	if (said && *said)
		return err_set(err, ECANCELED, "%.*s", (int)strcspn(said, "\n"), said);
	return err_set(err, ECANCELED, "the program that reads it ended with %s", proc_status_text(status, text));
}

static int read_head(const struct life_import *what, struct import_head *ret, struct err *err)
{
	autoclose int archive = open_archive(what->file, err);
	autofree char *out = NULL;
	char *newline;
	int r = archive < 0 ? archive : run_head(archive, &out, err);

	if (r < 0)
		return r;
	newline = strchr(out, '\n');
	if (!newline)
		return err_set(err, EINVAL, "has no name");
	*newline = '\0';
	r = store_check_new_name(out, err);
	if (r < 0)
		return r;
	str_print(ret->name, sizeof ret->name, "%s", out);
	ret->config = strdup(newline + 1);
	return ret->config ? 0 : err_nomem(err);
}

int life_import_head(const struct life_import *what, struct import_head *ret, struct err *err)
{
	*ret = (struct import_head){ 0 };
	return read_head(what, ret, err) < 0 ? err_wrap(err, "archive '%s'", what->file) : 0;
}

void import_head_done(struct import_head *head)
{
	free(head->config);
}

/* As a file that life_create can be given. */
static int keep(const struct str *text, struct err *err)
{
	autoclose int fd = memfd_create("config", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : file_write_all(fd, str_text(text), text->len);

	return r < 0 ? err_sys(err, -r, "keep its configuration") : steal_fd(&fd);
}

static void take_line(const char *line, void *data)
{
	const struct life_import *what = data;
	uint64_t done, total;

	if (sscanf(line, PROGRESS_SCAN, &done, &total) == 2)
		what->progress(done, total, what->data);
}

int life_import(const struct store *store, const char *name, const struct life_import *what, const struct import_head *head,
		struct str *ret_told, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	autofree char *path = NULL;
	autoclose int config = -1;
	const struct strv none = { 0 };
	int r = import_config(head->config, head->name, what->trust, &text, ret_told, err);

	if (r < 0)
		return err_wrap(err, "archive '%s'", what->file);
	config = keep(&text, err);
	if (config < 0)
		return config;
	path = str_fmt("/proc/self/fd/%d", config);
	if (!path)
		return err_nomem(err);
	const struct life_create create = { .name = name,
					    .archive = what->file,
					    .exported = head->name,
					    .size = what->size,
					    .conf = path,
					    .set = &none,
					    .line = what->progress ? take_line : NULL,
					    .data = (void *)what };
	return life_create(store, &create, ret_told, err);
}
