/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's users, from its own files: the C library would ask the host's, or load the guest's code. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "guest/guest.h"

#define GUEST_FILE_MAX (8U << 20)
#define NOGROUP        65534
#define FIELDS         7

struct field {
	const char *text;
	size_t len;
};

/* The colon-separated fields of one line, which ends at a newline or the text's end. Returns where the next one begins, NULL
 * after the last. Missing fields are "". */
static const char *split(const char *line, struct field f[static FIELDS])
{
	const char *end = strchrnul(line, '\n');

	for (size_t i = 0; i < FIELDS; i++) {
		const char *stop = memchr(line, ':', (size_t)(end - line));
		f[i].text = line;
		f[i].len = (size_t)((stop ? stop : end) - line);
		line = stop ? stop + 1 : end;
	}
	return *end ? end + 1 : NULL;
}

static bool field_is(const struct field *f, const char *text)
{
	return f->len == strlen(text) && strncmp(f->text, text, f->len) == 0;
}

static int field_id(const struct field *f, uint32_t *ret)
{
	char text[16];
	uint64_t n;

	if (f->len >= sizeof text)
		return -EINVAL;
	memcpy(text, f->text, f->len);
	text[f->len] = '\0';
	if (str_uint(text, 0, UINT32_MAX - 1, &n) < 0)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

static int field_copy(const struct field *f, char *buf, size_t size, const char *otherwise)
{
	if (f->len == 0)
		return str_print(buf, size, "%s", otherwise);
	return str_print(buf, size, "%.*s", (int)f->len, f->text);
}

/* name:password:uid:gid:gecos:home:shell (passwd(5)). A name is looked for before a number, as the C library does. */
static int find_user(struct user *u, const char *passwd, const char *want, struct err *err)
{
	struct field f[FIELDS], found[FIELDS];
	uint32_t uid, wanted = UINT32_MAX, gid;
	uint64_t number;
	bool by_name = false, by_number = false;

	if (str_uint(want, 0, UINT32_MAX - 1, &number) == 0)
		wanted = (uint32_t)number;
	for (const char *line = passwd; line && !by_name;) {
		line = split(line, f);
		if (field_id(&f[2], &uid) < 0 || field_id(&f[3], &gid) < 0 || f[0].len == 0)
			continue;
		by_name = field_is(&f[0], want);
		if (by_name || (!by_number && uid == wanted)) {
			memcpy(found, f, sizeof found);
			by_number = true;
		}
	}
	if (!by_number && wanted == UINT32_MAX)
		return err_set(err, EINVAL, "the container has no user '%s'", want);
	if (!by_number) {
		*u = (struct user){ .uid = wanted, .gid = wanted ? NOGROUP : 0, .home = "/", .shell = "/bin/sh" };
		return wanted ? str_print(u->name, sizeof u->name, "%u", (unsigned)wanted)
			      : str_print(u->name, sizeof u->name, "root");
	}
	(void)field_id(&found[2], &u->uid);
	(void)field_id(&found[3], &u->gid);
	if (field_copy(&found[0], u->name, sizeof u->name, "") < 0 ||
	    field_copy(&found[5], u->home, sizeof u->home, "/") < 0 ||
	    field_copy(&found[6], u->shell, sizeof u->shell, "/bin/sh") < 0)
		return err_set(err, EINVAL, "the entry of user '%s' in /etc/passwd is too long", want);
	return 0;
}

/* name:password:gid:member,member (group(5)). */
static int find_group(const char *groups, const char *want, gid_t *ret, struct err *err)
{
	struct field f[FIELDS];
	uint64_t number;

	for (const char *line = groups; line;) {
		line = split(line, f);
		if (f[0].len > 0 && field_is(&f[0], want) && field_id(&f[2], ret) == 0)
			return 0;
	}
	if (str_uint(want, 0, UINT32_MAX - 1, &number) < 0)
		return err_set(err, EINVAL, "the container has no group '%s'", want);
	*ret = (gid_t)number;
	return 0;
}

static bool is_member(const struct field *members, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = members->text, *end = p + members->len; p < end;) {
		const char *stop = memchr(p, ',', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);
		if (len == n && strncmp(p, name, n) == 0)
			return true;
		p += len + 1;
	}
	return false;
}

static void add_group(struct user *u, gid_t gid)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return;
	if (u->n_groups < USER_GROUPS)
		u->groups[u->n_groups++] = gid;
}

int user_find(struct user *u, const char *passwd, const char *groups, const char *user, const char *group, struct err *err)
{
	struct field f[FIELDS];
	gid_t gid;
	int r;

	*u = (struct user){ 0 };
	r = find_user(u, passwd, user ? user : "0", err);
	if (r == 0 && group)
		r = find_group(groups, group, &u->gid, err);
	if (r < 0)
		return r;
	add_group(u, u->gid);
	for (const char *line = groups; line;) {
		line = split(line, f);
		if (is_member(&f[3], u->name) && field_id(&f[2], &gid) == 0)
			add_group(u, gid);
	}
	return 0;
}

int guest_read(int root, const char *path, char **ret, struct err *err)
{
	/* O_NONBLOCK: a fifo in its place must not hold us */
	autoclose int fd = path_open_in_root(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	autofree char *text = NULL;
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > GUEST_FILE_MAX))
		return err_set(err, EINVAL, "the container's '%s' is not a file of a usable size", path);
	text = calloc(1, fd < 0 ? 1 : (size_t)st.st_size + 1);
	if (!text)
		return err_nomem(err);
	while (fd >= 0 && have < (size_t)st.st_size && n > 0) {
		n = read(fd, text + have, (size_t)st.st_size - have);
		if (n < 0)
			return err_sys(err, errno, "read the container's '%s'", path);
		have += (size_t)n;
	}
	*ret = steal_ptr(&text);
	return 0;
}

int user_load(struct user *u, int root, const char *user, const char *group, struct err *err)
{
	autofree char *passwd = NULL, *groups = NULL;
	int r = guest_read(root, "/etc/passwd", &passwd, err);

	if (r == 0)
		r = guest_read(root, "/etc/group", &groups, err);
	return r < 0 ? r : user_find(u, passwd, groups, user, group, err);
}
