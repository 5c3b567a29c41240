/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a command inside: the guest's, not the host's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "guest/guest.h"

#define ROOT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define USER_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"

/* "ENV_SUPATH  PATH=/a:/b" (login.defs(5)); the last line that says so counts. */
int env_path(const char *login_defs, bool is_root, char **ret)
{
	const char *key = is_root ? "ENV_SUPATH" : "ENV_PATH", *value = is_root ? ROOT_PATH : USER_PATH;
	size_t len = strlen(value);

	for (const char *line = login_defs, *end; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		const char *p = line + strspn(line, " \t");
		if (!str_starts(p, key))
			continue;
		p += strlen(key);
		if (*p != ' ' && *p != '\t')
			continue;
		p += strspn(p, " \t");
		if (str_starts(p, "PATH="))
			p += strlen("PATH=");
		size_t n = strcspn(p, " \t\r\n");
		if (n > 0) {
			value = p;
			len = n;
		}
	}
	*ret = strndup(value, len);
	return *ret ? 0 : -ENOMEM;
}

static bool guest_has(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH, 0);

	return fd >= 0;
}

/* Does the guest's terminfo, where it has one, know this terminal? */
static bool knows_terminal(int root, const char *term)
{
	static const char *const folders[] = { "/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo" };
	bool has_terminfo = false;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		autofree char *path = str_fmt("%s/%c/%s", folders[i], term[0], term);
		if (path && guest_has(root, path))
			return true;
		has_terminfo = has_terminfo || guest_has(root, folders[i]);
	}
	return !has_terminfo;
}

/* What the terminal is, as far as the guest knows it; "linux" without one, as for its init. */
static const char *choose_term(int root, const char *term)
{
	if (!term || !*term || strchr(term, '/') || term[0] == '.')
		return "linux";
	if (knows_terminal(root, term))
		return term;
	return str_starts(term, "xterm") || strstr(term, "256color") ? "xterm-256color" : "vt100";
}

/* KEY=VALUE in the place of an earlier one of the same key. */
static int set(struct strv *env, const char *assignment)
{
	size_t n = strcspn(assignment, "=") + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], assignment, n) != 0)
			continue;
		char *copy = strdup(assignment);
		if (!copy)
			return -ENOMEM;
		free(env->v[i]);
		env->v[i] = copy;
		return 0;
	}
	return strv_add(env, assignment);
}

static int set_pair(struct strv *env, const char *key, const char *value)
{
	autofree char *text = str_fmt("%s=%s", key, value);

	return text ? set(env, text) : -ENOMEM;
}

int env_make(struct strv *ret, int root, const struct user *u, const struct strv *set_too, bool keep, const char *term,
	     struct err *err)
{
	autofree char *defs = NULL, *path = NULL;
	int r = guest_read(root, "/etc/login.defs", &defs, err);

	if (r < 0)
		return r;
	if (env_path(defs, u->uid == 0, &path) < 0)
		return err_nomem(err);
	const char *const pairs[][2] = {
		{ "HOME", u->home },    { "PATH", path },      { "USER", u->name },
		{ "LOGNAME", u->name }, { "SHELL", u->shell }, { "TERM", choose_term(root, term) },
		{ "container", "mgr" },
	};
	for (char **e = environ; r == 0 && keep && *e; e++)
		r = strv_add(ret, *e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pairs); i++)
		r = set_pair(ret, pairs[i][0], pairs[i][1]);
	for (size_t i = 0; r == 0 && i < set_too->n; i++)
		r = set(ret, set_too->v[i]);
	return r < 0 ? err_nomem(err) : 0;
}
