/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "store/internal.h"

/* FNV-1a, folded to 32 bits: short names for a path in the kernel's objects. */
static uint32_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ h >> 32);
}

/* Absolute and without symlinks, whether or not the last parts exist yet: so that one folder has one id. */
static char *canonical(const char *path)
{
	autofree char *absolute = NULL, *rest = strdup("");

	if (path[0] == '/') {
		absolute = strdup(path);
	} else {
		autofree char *cwd = getcwd(NULL, 0);
		absolute = cwd ? str_fmt("%s/%s", cwd, path) : NULL;
	}
	while (absolute && rest) {
		autofree char *real = realpath(absolute, NULL), *last = NULL;
		if (real)
			return str_fmt("%s%s", str_eq(real, "/") && *rest ? "" : real, rest);
		char *slash = strrchr(absolute, '/');
		if (errno != ENOENT || !slash)
			return NULL;
		if (slash[1] && !str_eq(slash, "/."))
			last = str_fmt("%s%s", slash, rest);
		else
			last = strdup(rest);
		slash[slash == absolute ? 1 : 0] = '\0';
		free(rest);
		rest = steal_ptr(&last);
	}
	return NULL;
}

static int fill_paths(struct store *store, const char *root, const char *state, const char *run, struct err *err)
{
	const char *cache = getenv("MGR_CACHE");

	if (cache && *cache)
		store->cache = canonical(cache);
	else
		store->cache = str_fmt("%s%s/cache/mgr", root, state);
	if (!store->cache)
		return err_sys(err, errno ? errno : ENOMEM, "MGR_CACHE: find '%s'", cache ? cache : "");
	store->etc = str_fmt("%s%s/mgr", root, *root ? "/etc" : MGR_SYSCONFDIR);
	store->manager = str_fmt("%s%s/lib/mgr", root, state);
	store->containers = str_fmt("%s", store->manager);
	store->manager_log = str_fmt("%s%s/log/mgr", root, state);
	store->log = str_fmt("%s", store->manager_log);
	store->manager_run = str_fmt("%s%s/mgr", root, run);
	store->passing = str_fmt("%s/.execute", store->manager_run);
	store->run = str_fmt("%s", store->manager_run);
	return store->etc && store->manager && store->containers && store->manager_log && store->log && store->manager_run &&
			       store->passing && store->run
		       ? 0
		       : err_nomem(err);
}

/* -P: another folder of containers, with an id of its own below the manager's run and log. */
static int use_folder(struct store *store, const char *path, struct err *err)
{
	autofree char *real = canonical(path), *key = NULL, *run = NULL, *log = NULL;

	if (!real)
		return err_sys(err, errno ? errno : ENOMEM, "find '%s'", path);
	if (str_eq(real, store->manager))
		return 0;
	key = str_fmt("%s:%s", store->id, real);
	if (!key)
		return err_nomem(err);
	run = str_fmt("%s/%08x", store->manager_run, hash(key));
	log = str_fmt("%s/%08x", store->manager_log, hash(key));
	if (!run || !log)
		return err_nomem(err);
	free(store->containers);
	free(store->run);
	free(store->log);
	store->containers = steal_ptr(&real);
	store->run = steal_ptr(&run);
	store->log = steal_ptr(&log);
	return str_print(store->cgroup, sizeof store->cgroup, "mgr-%08x", hash(key));
}

int store_open(struct store *store, const char *path, struct err *err)
{
	const char *given = getenv("MGR_ROOT");
	autofree char *root = given && *given ? canonical(given) : strdup("");
	int r;

	*store = (struct store){ 0 };
	if (!root)
		return err_sys(err, errno ? errno : ENOMEM, "MGR_ROOT: find '%s'", given);
	if (str_eq(root, "/"))
		root[0] = '\0';
	if (*root)
		r = fill_paths(store, root, "/var", "/run", err);
	else
		r = fill_paths(store, root, MGR_LOCALSTATEDIR, MGR_RUNSTATEDIR, err);
	if (r == 0 && *root)
		r = str_print(store->id, sizeof store->id, "%08x", hash(root));
	if (r == 0)
		r = str_print(store->cgroup, sizeof store->cgroup, "mgr%s%s", *root ? "-" : "", store->id);
	if (r == 0 && path && *path)
		r = use_folder(store, path, err);
	if (r < 0)
		store_done(store);
	return r;
}

int store_host_name(const struct store *store, char separator, const char *name, char *ret, size_t size)
{
	const char *id = strchr(store->cgroup, '-');

	return str_print(ret, size, "mgr%s%s%c%s", id ? "." : "", id ? id + 1 : "", separator, name);
}

void store_done(struct store *store)
{
	if (!store)
		return;
	free(store->etc);
	free(store->containers);
	free(store->manager);
	free(store->cache);
	free(store->manager_log);
	free(store->log);
	free(store->run);
	free(store->manager_run);
	free(store->passing);
	*store = (struct store){ 0 };
}

/* The parents are made for everybody to pass, the folder itself for us alone. `closed`: nobody else may enter it; else
 * nobody else may change it. */
static int make_own(const char *path, bool closed, struct err *err)
{
	mode_t forbidden = closed ? 0077 : 0022;
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno == ENOENT) {
		autofree char *parent = strndup(path, (size_t)(strrchr(path, '/') - path));
		if (!parent)
			return err_nomem(err);
		int r = file_mkdirs_at(AT_FDCWD, parent, 0755, err);
		if (r < 0)
			return r;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder '%s'", path);
	} else if (errno != EEXIST && access(path, F_OK) < 0) {
		return err_sys(err, errno, "make folder '%s'", path);
	}
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "'%s' is in the way: not a folder", path);
	if (st.st_uid != geteuid())
		return err_set(err, EPERM, "'%s' belongs to user %u: it must be root's", path, st.st_uid);
	if (st.st_mode & forbidden)
		return err_set(err, EPERM, "'%s' is open to other users (mode %04o): chmod 700 it first", path,
			       st.st_mode & 07777);
	return 0;
}

/* Ids are hashes: two folders may have one, and would share runtime folders and cgroups. The first has it. Beside the logs,
 * which outlive the host's next boot, the link is what store_each finds. */
static int check_id(const struct store *store, const char *folder, struct err *err)
{
	autofree char *path = str_fmt("%s/" STORE_LINK, folder);
	char holder[PATH_LINK_LONGEST + 1];
	ssize_t n;

	if (!path)
		return err_nomem(err);
	n = readlink(path, holder, sizeof holder - 1);
	if (n < 0 && errno == ENOENT) {
		if (symlink(store->containers, path) == 0)
			return 0;
		n = errno == EEXIST ? readlink(path, holder, sizeof holder - 1) : -1;
	}
	if (n < 0)
		return err_sys(err, errno, "make link '%s'", path);
	holder[n] = '\0';
	if (!str_eq(holder, store->containers))
		return err_set(err, EEXIST, "'%s' has the same id ('%s') as '%s': put one of them elsewhere",
			       store->containers, strrchr(store->run, '/') + 1, holder);
	return 0;
}

int store_make(const struct store *store, struct err *err)
{
	const char *const own[] = { store->manager, store->containers,  store->manager_log,
				    store->log,     store->manager_run, store->run };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		int r = make_own(own[i], true, err);
		if (r < 0)
			return r;
	}
	if (!str_eq(store->run, store->manager_run)) {
		int r = check_id(store, store->run, err);
		if (r == 0)
			r = check_id(store, store->log, err);
		if (r < 0)
			return r;
	}
	return make_own(store->cache, false, err);
}

/* Names are in the DNS as NAME and NAME.mgr: one that programs look up by themselves, or take for an address, would send
 * everybody's traffic to that container. */
static bool is_reserved(const char *name)
{
	static const char *const reserved[] = { "localhost", "gateway", "wpad", "isatap" };
	struct in_addr addr;

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return true;
	return strchr(name, '.') && inet_aton(name, &addr);
}

int store_check_name(const char *name, struct err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = name ? strlen(name) : 0;

	if (n == 0)
		return err_set(err, EINVAL, "a container's name cannot be empty");
	if (n > STORE_NAME_MAX)
		return err_set(err, EINVAL, "name '%.80s' is too long: at most %d characters", name, STORE_NAME_MAX);
	if (!strchr(letters, name[0]))
		return err_set(err, EINVAL, "name '%s' must begin with a letter or a digit", name);
	for (const char *p = name; *p; p++)
		if (!strchr(letters, *p) && !strchr("._-", *p))
			return err_set(err, EINVAL, "name '%s' may hold letters, digits, '.', '_' and '-' only", name);
	return 0;
}

int store_check_new_name(const char *name, struct err *err)
{
	int r = store_check_name(name, err);

	return r == 0 && is_reserved(name)
		       ? err_set(err, EINVAL, "name '%s' means something else on a network: choose another", name)
		       : r;
}

int store_lock_config(int folder, bool wait, struct err *err)
{
	if (flock(folder, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0)
		return err_sys(err, errno, "lock its configuration");
	return 0;
}

int store_container(const struct store *store, const char *name, struct err *err)
{
	autoclose int fd = store_folder(store, name, err);

	if (fd < 0 || faccessat(fd, "config", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return steal_fd(&fd);
	if (store_is_husk(store, name))
		return err_set(err, ENOENT, "has no config: 'mgr-destroy -f %s' removes it", name);
	return err_set(err, ENOENT, "no such container");
}

int store_open_own(const struct store *store, const char *name, bool make, struct err *err)
{
	autofree char *path = str_fmt("%s/%s", store->containers, name);
	int dir;

	if (!path)
		return err_nomem(err);
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder '%s'", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? err_sys(err, errno, "open folder '%s'", path) : dir;
}

int store_runtime(const struct store *store, const char *name, bool make, struct err *err)
{
	autofree char *path = NULL;
	int fd, r = store_check_name(name, err);

	if (r < 0)
		return r;
	path = str_fmt("%s/%s", store->run, name);
	if (!path)
		return err_nomem(err);
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST) {
		if (errno != ENOENT)
			return err_sys(err, errno, "make folder '%s'", path);
		r = make_own(store->manager_run, true, err);
		if (r == 0)
			r = make_own(store->run, true, err);
		if (r < 0)
			return r;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder '%s'", path);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : err_sys(err, errno, "open '%s'", path);
}

char *store_nearest(const struct store *store)
{
	char *path = strdup(store->containers);

	while (path && access(path, F_OK) < 0 && strrchr(path, '/') > path)
		*strrchr(path, '/') = '\0';
	return path;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_list(const struct store *store, struct strv *ret, struct err *err)
{
	autoclosedir DIR *dir = opendir(store->containers);
	struct dirent *e;

	*ret = (struct strv){ 0 };
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, errno, "list '%s'", store->containers);
	while ((errno = 0, e = readdir(dir))) {
		if (store_check_name(e->d_name, NULL) < 0)
			continue;
		autoclose int fd = store_container(store, e->d_name, NULL);
		if (fd >= 0 && strv_add(ret, e->d_name) < 0)
			break;
	}
	if (errno || e) {
		strv_done(ret);
		return err_sys(err, e ? ENOMEM : errno, "list '%s'", store->containers);
	}
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof *ret->v, by_name);
	return 0;
}

static bool holds_only_its_link(const char *path)
{
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") && !str_eq(e->d_name, STORE_LINK))
			return false;
	return dir;
}

static void remove_link(const char *folder)
{
	autofree char *link = str_fmt("%s/" STORE_LINK, folder);

	if (link)
		unlink(link);
	rmdir(folder);
}

void store_leave(const struct store *store)
{
	autocall(strv_done) struct strv left = { 0 };

	if (str_eq(store->run, store->manager_run) || store_list(store, &left, NULL) < 0 || left.n > 0)
		return;
	if (holds_only_its_link(store->log))
		remove_link(store->log);
	if (holds_only_its_link(store->run))
		remove_link(store->run);
}
