/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has a say in what a path of the host means. Every component is looked at by itself, links included, so that what was
 * found to be root's alone cannot be made to mean anything else by others before it is run. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/script.h"
#include "hook/hook.h"

#define LINKS_MOST   40 /* as the kernel */
#define SCRIPTS_MOST 5  /* the same: execve(2) */

struct walk {
	const char *path; /* for messages */
	const struct hook_places *places;
	int at;     /* O_PATH, the folder that was come to */
	char *rest; /* what is left to go */
	unsigned links;
};

static bool is_same(const struct stat *st, const char *path)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* What a guest's root leaves on the host's disk is root's own, to look at. */
static bool is_guests(const struct walk *w, const struct stat *st)
{
	const struct hook_places *places = w->places;
	struct stat above;

	for (size_t i = 0; i < places->guests.n; i++)
		if (is_same(st, places->guests.v[i]))
			return true;
	return S_ISDIR(st->st_mode) && fstatat(w->at, "../..", &above, 0) == 0 &&
	       (is_same(&above, places->store->containers) || is_same(&above, places->store->manager));
}

static int refuse_guests(const struct walk *w, struct err *err)
{
	return err_set(err, EPERM, "'%s' lies where a container's root may write: put it elsewhere", w->path);
}

/* What others may change. The group's bits are an ACL's mask, whoever the group is (acl(5)). In a sticky folder (/tmp)
 * nobody but its owner removes or renames what is root's. */
static int check_owner(const struct walk *w, const struct stat *st, const char *what, struct err *err)
{
	bool others = st->st_mode & (S_IWGRP | S_IWOTH);

	if (st->st_uid != 0)
		return err_set(err, EPERM, "'%s': %s belongs to user %u: it must be root's", w->path, what, st->st_uid);
	if (!S_ISLNK(st->st_mode) && others && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)))
		return err_set(err, EPERM, "'%s': %s can be written to by others than root (mode %04o)", w->path, what,
			       st->st_mode & 07777);
	return 0;
}

static int check_folder(const struct walk *w, struct err *err)
{
	struct stat st;
	int r = fstat(w->at, &st) < 0 ? err_sys(err, errno, "look at '%s'", w->path)
				      : check_owner(w, &st, "a folder on the way", err);

	return r == 0 && is_guests(w, &st) ? refuse_guests(w, err) : r;
}

static int check_program(const struct walk *w, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, EACCES, "'%s' is not a file", w->path);
	if (!(st->st_mode & 0111))
		return err_set(err, EACCES, "'%s' is not executable: chmod +x it", w->path);
	return is_guests(w, st) ? refuse_guests(w, err) : check_owner(w, st, "it", err);
}

static int enter(struct walk *w, int fd, struct err *err)
{
	close(w->at);
	w->at = fd;
	return check_folder(w, err);
}

static int to_root(struct walk *w, struct err *err)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open '/'") : enter(w, fd, err);
}

/* A link stands for its text, and the rest follows. */
static int follow(struct walk *w, int link, const struct stat *st, struct err *err)
{
	char target[PATH_LINK_LONGEST + 1];
	ssize_t n = readlinkat(link, "", target, sizeof target - 1);
	int r = check_owner(w, st, "a link on the way", err);
	char *rest;

	if (r < 0)
		return r;
	if (n < 0 || ++w->links > LINKS_MOST)
		return err_sys(err, n < 0 ? errno : ELOOP, "find '%s'", w->path);
	target[n] = '\0';
	rest = str_fmt("%s%s", target, w->rest); /* which begins with its slash */
	if (!rest)
		return err_nomem(err);
	free(w->rest);
	w->rest = rest;
	return target[0] == '/' ? to_root(w, err) : 0;
}

/* One component. 1 when that was the program. */
static int step(struct walk *w, struct err *err)
{
	size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/");
	autofree char *part = strndup(w->rest + skip, n);
	autoclose int fd = -1;
	struct stat st;

	if (!part)
		return err_nomem(err);
	memmove(w->rest, w->rest + skip + n, strlen(w->rest + skip + n) + 1);
	fd = openat(w->at, n ? part : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "find '%s'", w->path);
	if (S_ISLNK(st.st_mode))
		return follow(w, fd, &st, err);
	if (S_ISDIR(st.st_mode) && w->rest[strspn(w->rest, "/")])
		return enter(w, steal_fd(&fd), err);
	if (w->rest[0])
		return err_sys(err, ENOTDIR, "find '%s'", w->path);
	return check_program(w, &st, err) < 0 ? -err->code : 1;
}

static int check_path(const char *path, const struct hook_places *places, struct err *err)
{
	struct walk w = { .path = path, .places = places, .at = -1, .rest = strdup(path) };
	int r = w.rest ? to_root(&w, err) : err_nomem(err);

	while (r == 0)
		r = step(&w, err);
	if (w.at >= 0)
		close(w.at);
	free(w.rest);
	return r < 0 ? r : 0;
}

/* A script is run by another program, which may be a script, too. */
static int check_interpreters(const char *path, const struct hook_places *places, struct err *err)
{
	char interpreter[SCRIPT_INTERPRETER] = "";
	int r = 1;

	for (int i = 0; i < SCRIPTS_MOST && r > 0; i++) {
		autoclose int fd = open(i ? interpreter : path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : script_interpreter(fd, interpreter);
		if (r < 0)
			return err_sys(err, -r, "read '%s'", path);
		if (r > 0 && interpreter[0] != '/')
			return err_set(err, ENOEXEC, "'%s': its interpreter '%s' is no absolute path", path, interpreter);
		if (r > 0 && check_path(interpreter, places, err) < 0)
			return err_wrap(err, "'%s': its interpreter", path);
	}
	return 0;
}

int hook_check(const char *command, const struct hook_places *places, struct err *err)
{
	autocall(strv_done) struct strv words = { 0 };
	int r;

	if (strv_add_words(&words, command) < 0 || words.n == 0)
		return err_nomem(err);
	r = check_path(words.v[0], places, err);
	return r < 0 ? r : check_interpreters(words.v[0], places, err);
}

int hook_check_all(const struct hook_conf *conf, const struct hook_places *places, struct err *err)
{
	for (int type = 0; type < HOOK_TYPES; type++)
		for (size_t i = 0; type != HOOK_START && i < conf->of[type].n; i++)
			if (hook_check(conf->of[type].v[i], places, err) < 0)
				return err_wrap(err, "hook.%s", hook_names[type]);
	return 0;
}
