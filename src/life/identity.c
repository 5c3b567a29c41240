/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hostname(5), hosts(5), machine-id(5). All of it is the guest's, who may have put anything in their places. */
#include "life/identity.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define FILE_MAX     ((size_t)1 << 20)
#define MACHINE_ID   32 /* hex digits */
#define HOSTS_BLANKS " \t"

/* A file of the guest's, to read and write; -ENOENT when there is no such file: no device, no pipe. */
static int open_file(int root, const char *path)
{
	autoclose int at = path_open_in_root(root, path, O_PATH, 0), self = -1;
	struct stat st;

	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX)
		return -ENOENT;
	self = fd_self(NULL);
	return self < 0 ? self : fd_reopen(self, at, O_RDWR | O_CLOEXEC);
}

/* NULL: it is no text. */
static int read_file(int fd, char **ret, struct err *err)
{
	autofree char *path = str_fmt("/proc/self/fd/%d", fd), *text = NULL;
	size_t len;
	int r = path ? file_read_at(AT_FDCWD, path, FILE_MAX, &text, &len, err) : err_nomem(err);

	*ret = r == 0 && strlen(text) == len ? steal_ptr(&text) : NULL;
	return r;
}

/* Over what is there, so that it is empty at no moment and needs no room that it has not. */
static int replace(int fd, const char *path, const char *text, struct err *err)
{
	const size_t len = strlen(text);
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : file_write_all(fd, text, len);

	if (r == 0 && ftruncate(fd, (off_t)len) < 0)
		r = -errno;

	return r < 0 ? err_sys(err, -r, "write its '/%s'", path) : 0;
}

/* version 4 of a uuid, which some take it for (machine-id(5)) */
static int make_id(char text[static MACHINE_ID + 2], struct err *err)
{
	uint8_t bytes[MACHINE_ID / 2];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return err_sys(err, errno, "make up a machine-id");
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof bytes; i++)
		str_print(text + 2 * i, 3, "%02x", bytes[i]);
	memcpy(text + MACHINE_ID, "\n", 2);
	return 0;
}

/* One that is empty, or "uninitialized", is made at the first boot. */
static int renew_machine_id(int root, const char *path, const char *id, struct err *err)
{
	autoclose int fd = open_file(root, path);
	autofree char *text = NULL;
	int r = fd < 0 ? 0 : read_file(fd, &text, err);

	if (!text || strspn(text, "0123456789abcdefABCDEF") < MACHINE_ID)
		return r;
	return replace(fd, path, id, err);
}

static int renew_machine_ids(int root, struct err *err)
{
	char id[MACHINE_ID + 2];
	int r = make_id(id, err);

	if (r == 0)
		r = renew_machine_id(root, "etc/machine-id", id, err);
	return r == 0 ? renew_machine_id(root, "var/lib/dbus/machine-id", id, err) : r;
}

/* "web", "web.example.org" */
static bool is_name(const char *word, size_t n, const char *was)
{
	const size_t len = strlen(was);

	return n >= len && strncasecmp(word, was, len) == 0 && (n == len || word[len] == '.');
}

/* `was` becomes `name`, and so does, with `any`, any other. A domain stays. */
static int rename_host(int root, const char *was, const char *name, bool any, struct err *err)
{
	autoclose int fd = open_file(root, "etc/hostname");
	autofree char *text = NULL, *now = NULL;
	int r = fd < 0 ? 0 : read_file(fd, &text, err);

	if (!text)
		return r;
	if (is_name(text, strcspn(text, "\n"), was))
		now = str_fmt("%s%s", name, text + strlen(was));
	else
		now = any ? str_fmt("%s\n", name) : strdup(text);
	return now ? replace(fd, "etc/hostname", now, err) : err_nomem(err);
}

/* A line of the machine's own addresses. */
static void add_hosts_line(const char *line, size_t n, const char *was, const char *name, struct str *out)
{
	const char *end = line + n, *comment = memchr(line, '#', n);
	const bool own = str_starts(line, "127.") || str_starts(line, "::1");

	for (const char *p = line; p < end;) {
		const size_t blanks = strspn(p, HOSTS_BLANKS), word = strcspn(p + blanks, HOSTS_BLANKS "\n");
		const char *at = p + blanks;
		str_addn(out, p, blanks);
		if (own && p > line && (!comment || at < comment) && is_name(at, word, was)) {
			str_add(out, name);
			str_addn(out, at + strlen(was), word - strlen(was));
		} else {
			str_addn(out, at, word);
		}
		p = at + word;
	}
}

static int rename_hosts(int root, const char *was, const char *name, struct err *err)
{
	autoclose int fd = open_file(root, "etc/hosts");
	autocall(str_done) struct str out = { 0 };
	autofree char *text = NULL;
	int r = fd < 0 ? 0 : read_file(fd, &text, err);

	for (const char *line = text; line && *line;) {
		const size_t n = strcspn(line, "\n");
		add_hosts_line(line, n, was, name, &out);
		if (line[n])
			str_add(&out, "\n");
		line += n + !!line[n];
	}
	if (out.failed)
		return err_nomem(err);
	return r < 0 || !text || str_eq(str_text(&out), text) ? r : replace(fd, "etc/hosts", str_text(&out), err);
}

/* What it calls itself, without a domain; localhost is everybody. NULL: nothing. */
static char *own_name(int root, struct err *err)
{
	autoclose int fd = open_file(root, "etc/hostname");
	char *text = NULL;

	if (fd >= 0 && read_file(fd, &text, err) == 0 && text)
		text[strcspn(text, ".\n")] = '\0';
	if (text && (!*text || str_eq(text, "localhost")))
		free(steal_ptr(&text));
	return text;
}

int identity_renew(int root, const char *was, const char *name, struct err *err)
{
	autofree char *own = was ? NULL : own_name(root, err);
	int r = renew_machine_ids(root, err);

	was = was ? was : own ? own : name;
	if (r == 0 && name)
		r = rename_host(root, was, name, true, err);
	return r == 0 && name ? rename_hosts(root, was, name, err) : r;
}

int identity_rename(int root, const char *was, const char *now, struct err *err)
{
	int r = rename_host(root, was, now, false, err);

	return r >= 0 ? rename_hosts(root, was, now, err) : r;
}

int identity_open(const struct storage_backend *backend, const struct storage_place *place, struct storage_mount *ret,
		  struct err *err)
{
	const struct rootfs_conf writable = { .path = place->conf->path,
					      .exposed = place->conf->exposed,
					      .size = place->conf->size };
	const struct storage_ids ids = { .userns = -1 };
	struct storage_place own = *place;

	own.conf = &writable;
	*ret = (struct storage_mount){ .tree = -1 };
	return backend->open(&own, &ids, ret, err);
}

int identity_set_name(const struct store *store, const char *name, const char *was, const char *now, struct err *err)
{
	autoclose int folder = store_container(store, name, err);
	const struct storage_backend *backend;
	struct storage_mount root;
	struct storage_place place;
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	r = folder < 0 ? folder : spec_load(&spec, folder, "config", err);
	spec.rootfs.size = 0; /* a start sees to that */
	if (r == 0)
		r = spec_place(&spec, store, name, folder, &place, &backend, err);
	if (r == 0)
		r = identity_open(backend, &place, &root, err);
	if (r < 0)
		return r;
	r = identity_rename(root.tree, was, now, err);
	if (r == 0)
		r = storage_sync(&root, folder, err);
	close(root.tree);
	return r;
}
