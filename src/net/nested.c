/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network namespaces that root of a running container has made in there: those that its processes and their threads are in,
 * that they have a descriptor of, or that are mounted where they can see it (as `ip netns` does). What is on its way from
 * one process to another by a socket cannot be seen. */
#include "net/nested.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"

#define TIME (5 * CLOCK_SECOND)

/* Numbers of namespaces, each looked at once. */
struct seen {
	ino_t *v;
	size_t n, room;
};

struct search {
	struct seen net, mount;
	nested_fn *fn;
	void *data;
	uint64_t deadline;
};

static bool has_seen(struct seen *s, ino_t number)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i] == number)
			return true;
	if (s->n == s->room) {
		const size_t room = s->room ? 2 * s->room : 16;
		ino_t *v = reallocarray(s->v, room, sizeof *v);
		if (!v)
			return true;
		s->v = v;
		s->room = room;
	}
	s->v[s->n++] = number;
	return false;
}

static int is_namespace(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

/* found: an O_PATH descriptor: whatever it is of by now, it has not been opened. fn's descriptor, or -ENOENT. */
static int look_at(struct search *s, int found)
{
	autofree char *path = str_fmt("/proc/self/fd/%d", found);
	autoclose int fd = -1;
	struct stat st;

	if (found < 0 || !path || !is_namespace(found) || fstat(found, &st) < 0)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || has_seen(&s->net, st.st_ino) || !s->fn(s->data, fd))
		return -ENOENT;
	return steal_fd(&fd);
}

static int look_at_link(struct search *s, int dir, const char *name)
{
	autoclose int found = openat(dir, name, O_PATH | O_CLOEXEC);

	return look_at(s, found);
}

/* Of a folder of /proc/PID: what is `below` each entry, or the entries themselves where they are links to such a namespace.
 */
static int look_in(struct search *s, int process, const char *folder, const char *below)
{
	const int fd = openat(process, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = -ENOENT;

	for (struct dirent *e; dir && r < 0 && clock_now() < s->deadline && (e = readdir(dir));) {
		autofree char *path = *below ? str_fmt("%s/%s", e->d_name, below) : strdup(e->d_name);
		char kind[4];
		if (e->d_name[0] == '.' || !path)
			continue;
		if (!*below && (readlinkat(fd, path, kind, sizeof kind) != sizeof kind || memcmp(kind, "net:", 4) != 0))
			continue;
		r = look_at_link(s, fd, path);
	}
	return r;
}

/* The place of a namespace that is mounted: of "ID PARENT DEV net:[N] PLACE ..." (proc_pid_mountinfo(5)). An escaped one,
 * which has a blank in its name, is passed over. */
static int look_at_mounts(struct search *s, int process)
{
	const int fd = openat(process, "mountinfo", O_RDONLY | O_CLOEXEC);
	autofclose FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	autoclose int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *line = NULL;
	size_t size = 0;
	struct stat st;
	int r = -ENOENT;

	if (fstatat(process, "ns/mnt", &st, 0) < 0 || has_seen(&s->mount, st.st_ino))
		return r;
	while (f && root >= 0 && r < 0 && clock_now() < s->deadline && getline(&line, &size, f) > 0) {
		char *at = strstr(line, " net:["), *end;
		autoclose int found = -1;
		at = at ? strchr(at + 1, ' ') : NULL;
		end = at ? strchr(at + 1, ' ') : NULL;
		if (!end)
			continue;
		*end = '\0';
		found = path_open_in_root(root, at + 1, O_PATH | O_CLOEXEC, 0);
		r = look_at(s, found);
	}
	return r;
}

static int look_at_process(struct search *s, int process)
{
	int r = look_in(s, process, "task", "ns/net");

	if (r < 0)
		r = look_in(s, process, "fd", "");
	return r < 0 ? look_at_mounts(s, process) : r;
}

/* Is its pid namespace that one, or below it? */
static bool is_in(int process, const struct stat *pidns)
{
	autoclose int fd = openat(process, "ns/pid", O_RDONLY | O_CLOEXEC);
	struct stat st;

	while (fd >= 0 && fstat(fd, &st) == 0) {
		if (st.st_ino == pidns->st_ino && st.st_dev == pidns->st_dev)
			return true;
		const int parent = ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = parent;
	}
	return false;
}

int nested_find(int pidns, nested_fn *fn, void *data)
{
	struct search s = { .fn = fn, .data = data, .deadline = clock_in(TIME) };
	autoclosedir DIR *proc = opendir("/proc");
	struct stat st;
	int r = -ENOENT;

	if (pidns < 0 || stat("/proc/self/ns/net", &st) < 0)
		return r;
	has_seen(&s.net, st.st_ino); /* the host's is none of its */
	if (fstat(pidns, &st) < 0)
		return r;
	for (struct dirent *e; proc && r < 0 && clock_now() < s.deadline && (e = readdir(proc));) {
		autoclose int process = e->d_name[0] < '1' || e->d_name[0] > '9'
						? -1
						: openat(dirfd(proc), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0 && is_in(process, &st))
			r = look_at_process(&s, process);
	}
	free(s.net.v);
	free(s.mount.v);
	return r;
}
