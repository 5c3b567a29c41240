/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why an init would not run. The kernel says ENOENT for a missing interpreter too, and a missing library shows only after
 * the exec, when the dynamic loader ends with status 127: so it is looked for before. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/script.h"
#include "init/elf.h"
#include "init/init.h"

#define LIBRARIES_MAX 256 /* more than any init has */

struct check {
	int root;
	const char *path;
	struct strv names;               /* of the libraries, each once, in the loader's order: breadth first */
	struct elf elves[LIBRARIES_MAX]; /* what they need; zeros for one that was not found */
	bool have_cache;
	char *cache;
	size_t cache_len;
};

static int open_program(int root, const char *path, struct err *err)
{
	autoclose int fd = path_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd == -ENOENT)
		return err_set(err, ENOENT, "'%s' does not exist in the container", path);
	if (fd < 0)
		return err_sys(err, -fd, "open '%s' in the container", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, EACCES, "'%s' in the container is not an executable file", path);
	return steal_fd(&fd);
}

static bool is_there(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH, 0);

	return fd >= 0;
}

static int check_interpreter(int root, const char *path, const char *interpreter, struct err *err)
{
	if (is_there(root, interpreter))
		return 0;
	return err_set(err, ENOENT, "'%s' needs the interpreter '%s', which the container does not have", path, interpreter);
}

static int open_library_in(int root, const char *folder, const char *name)
{
	autofree char *path = str_fmt("%s/%s", folder, name);

	return path ? path_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0) : -ENOMEM;
}

/* Folders of DT_RUNPATH and DT_RPATH; $ORIGIN is not followed, such a library is taken to be there. */
static int open_in_runpath(int root, const char *runpath, const char *name)
{
	autofree char *copy = strdup(runpath);
	char *save = NULL;

	for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir; dir = strtok_r(NULL, ":", &save)) {
		int fd = open_library_in(root, dir, name);
		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

/* The loader's cache knows folders that we do not: a name that it holds counts as there. */
static bool in_loader_cache(struct check *c, const char *name)
{
	if (!c->have_cache) {
		autoclose int fd = path_open_in_root(c->root, "/etc/ld.so.cache", O_RDONLY | O_NONBLOCK, 0);
		char link[32];

		c->have_cache = true;
		str_print(link, sizeof link, "/proc/self/fd/%d", fd);
		if (fd >= 0 && file_read_at(AT_FDCWD, link, 4 << 20, &c->cache, &c->cache_len, NULL) < 0)
			c->cache = NULL;
	}
	return c->cache && memmem(c->cache, c->cache_len, name, strlen(name) + 1);
}

/* An fd of the library, -ENOENT when it is nowhere, -EAGAIN when it may be somewhere that we do not look. */
static int open_library(struct check *c, const struct elf *program, const struct elf *by, const char *name)
{
	static const char *const folders[] = {
		"/lib/x86_64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu",
		"/lib/aarch64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu",
		"/lib64",
		"/usr/lib64",
		"/lib",
		"/usr/lib",
		"/usr/local/lib",
		"/lib/i386-linux-gnu",
		"/usr/lib/i386-linux-gnu",
	};
	int fd = open_in_runpath(c->root, by->runpath, name);

	if (fd < 0)
		fd = open_in_runpath(c->root, program->runpath, name);
	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(folders); i++)
		fd = open_library_in(c->root, folders[i], name);
	if (fd >= 0)
		return fd;
	if (strchr(name, '/') || strstr(by->runpath, "$ORIGIN") || in_loader_cache(c, name))
		return -EAGAIN;
	return -ENOENT;
}

/* Looks up what `by` needs; whose: its name when it is a library. */
static int add_needed(struct check *c, const struct elf *program, const struct elf *by, const char *whose, struct err *err)
{
	for (size_t i = 0; i < by->needed.n; i++) {
		const char *name = by->needed.v[i];
		if (strv_has(&c->names, name) || c->names.n >= LIBRARIES_MAX)
			continue;
		autoclose int fd = open_library(c, program, by, name);
		if (fd == -ENOENT)
			return err_set(err, ENOENT, "'%s' needs the library '%s'%s%s, which the container does not have",
				       c->path, name, whose ? " for " : "", whose ? whose : "");
		if (strv_add(&c->names, name) < 0)
			return err_nomem(err);
		if (fd >= 0)
			elf_read(fd, &c->elves[c->names.n - 1]);
	}
	return 0;
}

static int check_libraries(int root, const char *path, const struct elf *program, struct err *err)
{
	struct check *c = calloc(1, sizeof *c);
	int r;

	if (!c)
		return err_nomem(err);
	c->root = root;
	c->path = path;
	r = add_needed(c, program, program, NULL, err);
	for (size_t i = 0; r == 0 && i < c->names.n; i++)
		r = add_needed(c, program, &c->elves[i], c->names.v[i], err);
	for (size_t i = 0; i < c->names.n; i++)
		elf_done(&c->elves[i]);
	strv_done(&c->names);
	free(c->cache);
	free(c);
	return r;
}

int init_check(int root, const char *path, struct err *err)
{
	autoclose int fd = open_program(root, path, err);
	autocall(elf_done) struct elf elf = { 0 };
	char interpreter[SCRIPT_INTERPRETER];

	if (fd < 0)
		return fd;
	if (script_interpreter(fd, interpreter) > 0)
		return check_interpreter(root, path, interpreter, err);
	if (elf_read(fd, &elf) < 0)
		return 0; /* the kernel will say */
	if (elf.interpreter[0] && check_interpreter(root, path, elf.interpreter, err) < 0)
		return -err->code;
	return check_libraries(root, path, &elf, err);
}
