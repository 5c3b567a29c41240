/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles of AppArmor: a text, compiled once by apparmor_parser, and loaded for each container under its own name.
 *
 * The name is in the compiled text at one place, with its length before it, and no rule has it: so one that was compiled for
 * a name is another's of the same length once the bytes of the name are replaced. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "security/internal.h"
#include "security/security.h"

#define FOLDER      SECURITY_FS "/apparmor"
#define SPACES      FOLDER "/policy/namespaces"
#define FEATURES    MGR_DATADIR "/apparmor.features"
#define RULES_MAX   (1U << 20)
#define LIST_MAX    (16U << 20)
#define NAME_LETTER 'X' /* stands for each of the name's while it is compiled */

/* Debian's scripts load a guest's own profiles only where its namespace's name begins so (rc.apparmor.functions). */
#define SPACE_PREFIX "lxc-"

enum security_apparmor security_apparmor_state(void)
{
	char on[8];

	if (file_read_small_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", on, sizeof on, NULL) < 0 || on[0] != 'Y')
		return APPARMOR_OFF;
	return faccessat(AT_FDCWD, FOLDER "/.replace", F_OK, 0) < 0 ? APPARMOR_HIDDEN : APPARMOR_ON;
}

const char *security_apparmor_parser(void)
{
	static const char *const places[] = { "/sbin/apparmor_parser", "/usr/sbin/apparmor_parser" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

void security_profile_done(struct security_profile *p)
{
	free(p->name);
	free(p->label);
	if (p->compiled >= 0)
		close(p->compiled);
	*p = (struct security_profile){ .compiled = -1 };
}

/* --- what is loaded ------------------------------------------------------------------------------------------------- */

static bool plausible(off_t size)
{
	return size > 0 && size <= 16 << 20;
}

static const struct compiled kind = { "AppArmor profile", plausible };

static int add_rules(struct str *text, const char *file, struct err *err)
{
	autofree char *rules = NULL;
	int r = file_read_at(AT_FDCWD, file, RULES_MAX, &rules, NULL, err);

	if (r == 0)
		str_add(text, rules);
	return r;
}

/* For a name of so many letters. */
static int make_text(size_t letters, bool privileged, struct str *text, struct err *err)
{
	str_add(text, "profile \"");
	while (letters-- > 0)
		str_addn(text, (const char[]){ NAME_LETTER }, 1);
	str_add(text, "\" flags=(attach_disconnected,mediate_deleted) {\n");
	int r = add_rules(text, MGR_DATADIR "/generated.apparmor", err);
	if (r == 0 && privileged)
		r = add_rules(text, MGR_DATADIR "/privileged.apparmor", err);
	str_add(text, "}\n");
	return r == 0 && text->failed ? err_nomem(err) : r;
}

/* Of all that decides how the text is compiled: itself, the parser, and the kernel's features, which are a kernel's for good
 * and are not read each time. */
static int hash_all(const char *parser, const struct str *text, uint64_t *ret, struct err *err)
{
	autofree char *features = NULL;
	struct utsname kernel;
	struct stat st;
	size_t n;
	int r = file_read_at(AT_FDCWD, FEATURES, RULES_MAX, &features, &n, err);

	if (r < 0)
		return r;
	if (stat(parser, &st) < 0 || uname(&kernel) < 0)
		return err_sys(err, errno, "look at '%s'", parser);
	*ret = compiled_hash(COMPILED_HASH, text->text, text->len);
	*ret = compiled_hash(*ret, features, n);
	*ret = compiled_hash(*ret, &st.st_size, sizeof st.st_size);
	*ret = compiled_hash(*ret, &st.st_mtim, sizeof st.st_mtim);
	*ret = compiled_hash(*ret, kernel.release, strlen(kernel.release) + 1);
	*ret = compiled_hash(*ret, kernel.version, strlen(kernel.version));
	return 0;
}

static int open_compiled(const char *parser, const char *cache, struct security_profile *p, bool privileged, struct err *err)
{
	const char *const argv[] = { parser, "--config-file=/dev/null", "--policy-features=" FEATURES, "-qSK", NULL };
	autocall(str_done) struct str text = { 0 };
	autofree char *file = NULL;
	autoclose int in = -1;
	uint64_t hash = 0;
	int r = make_text(strlen(p->name), privileged, &text, err);

	if (r == 0)
		r = hash_all(parser, &text, &hash, err);
	if (r < 0)
		return r;
	file = str_fmt("%s/apparmor/%016" PRIx64 "-%zu-" PACKAGE_VERSION, cache, hash, text.len);
	if (!file)
		return err_nomem(err);
	in = fd_sealed("profile", text.text, text.len, err);
	return in < 0 ? in : compiled_open(&kind, file, argv, in, &p->compiled, err);
}

/* A string of the format: its type, its length with the terminator, its letters (unpack_str in the kernel's
 * security/apparmor/policy_unpack.c). */
static int put_name(char *bytes, size_t n, const char *name, struct err *err)
{
	const size_t len = strlen(name), whole = 3 + len + 1;
	autofree char *mark = malloc(whole);

	if (!mark)
		return err_nomem(err);
	mark[0] = 5;
	mark[1] = (char)((len + 1) & 0xff);
	mark[2] = (char)((len + 1) >> 8);
	memset(mark + 3, NAME_LETTER, len);
	mark[3 + len] = '\0';
	char *at = memmem(bytes, n, mark, whole);
	if (!at || memmem(at + whole, n - (size_t)(at + whole - bytes), mark, whole))
		return err_set(err, EINVAL, "the compiled AppArmor profile has no place for a name");
	memcpy(at + 3, name, len);
	return 0;
}

/* --- a start -------------------------------------------------------------------------------------------------------- */

/* Nothing that could be loaded: what becomes of the container? One that has an id map is confined by that all the same. */
static int do_without(const char *why, bool privileged, struct err *err)
{
	if (privileged)
		return err_set(err, ENOENT,
			       "apparmor.profile: %s; 'unconfined' starts a privileged container without a profile", why);
	log_warn("apparmor.profile: %s: the container has no profile", why);
	return 0;
}

static int plan_generated(struct security_profile *p, const char *name, bool privileged, const char *cache, struct err *err)
{
	const enum security_apparmor state = security_apparmor_state();
	const char *parser = security_apparmor_parser();

	if (state == APPARMOR_OFF)
		return 0;
	if (state == APPARMOR_HIDDEN)
		return do_without("AppArmor is on, but " SECURITY_FS " is not mounted", privileged, err);
	if (!parser)
		return do_without("AppArmor is on, but apparmor_parser (package apparmor) is not there", privileged, err);
	p->name = strdup(name);
	p->own_policy = !privileged;
	p->label = privileged ? strdup(name) : str_fmt("%s//&:" SPACE_PREFIX "%s:unconfined", name, name);
	int r = p->name && p->label ? open_compiled(parser, cache, p, privileged, err) : err_nomem(err);
	return r < 0 ? err_wrap(err, "apparmor.profile") : 0;
}

static int must_be_on(const char *name, struct err *err)
{
	if (security_apparmor_state() != APPARMOR_OFF)
		return 0;
	return err_set(err, EOPNOTSUPP, "apparmor.profile: '%s' cannot be used: AppArmor is not on", name);
}

int security_profile_plan(struct security_profile *p, const struct apparmor_conf *conf, const char *name, bool privileged,
			  const char *cache, struct err *err)
{
	const char *profile = conf->profile ? conf->profile : "generated";

	*p = (struct security_profile){ .compiled = -1 };
	if (str_eq(profile, "unconfined"))
		return 0;
	if (str_eq(profile, "generated"))
		return plan_generated(p, name, privileged, cache, err);
	if (must_be_on(profile, err) < 0)
		return -err->code;
	p->label = strdup(profile);
	return p->label ? 0 : err_nomem(err);
}

/* A line of the kernel's list is "NAME (MODE)". */
static bool is_loaded(const char *list, const char *name)
{
	const size_t n = strlen(name);

	for (const char *line = list; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, n) == 0 && strncmp(line + n, " (", 2) == 0)
			return true;
	return false;
}

int security_profile_check(const struct apparmor_conf *conf, struct err *err)
{
	const char *name = conf->profile ? conf->profile : "generated";
	autofree char *list = NULL;

	if (str_eq(name, "unconfined") || str_eq(name, "generated"))
		return 0;
	if (must_be_on(name, err) < 0)
		return -err->code;
	if (*name == ':' || strstr(name, "//&") ||
	    file_read_at(AT_FDCWD, FOLDER "/profiles", LIST_MAX, &list, NULL, NULL) < 0)
		return 0; /* of another namespace, several, or hidden */
	return is_loaded(list, name) ? 0
				     : err_set(err, ENOENT,
					       "apparmor.profile: '%s' is not loaded (apparmor_parser loads it), nor is it "
					       "'generated' or 'unconfined'",
					       name);
}

static int make_space(const char *name, struct err *err)
{
	autofree char *path = str_fmt(SPACES "/" SPACE_PREFIX "%s", name);

	if (!path)
		return err_nomem(err);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the policy namespace '" SPACE_PREFIX "%s'", name);
	return 0;
}

int security_profile_load(const struct security_profile *p, struct err *err)
{
	autofree void *bytes = NULL;
	autoclose int fd = -1;
	size_t n;
	int r = compiled_read(&kind, p->compiled, &bytes, &n, err);

	if (r == 0)
		r = put_name(bytes, n, p->name, err);
	if (r == 0 && p->own_policy)
		r = make_space(p->name, err);
	if (r < 0)
		return r;
	fd = open(FOLDER "/.replace", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n) /* the kernel wants it in one piece */
		return err_sys(err, errno, "load the profile '%s'", p->name);
	return 0;
}

int security_profile_unload(const char *name, struct err *err)
{
	autofree char *space = str_fmt(SPACES "/" SPACE_PREFIX "%s", name);
	autoclose int fd = open(FOLDER "/.remove", O_WRONLY | O_CLOEXEC);

	if (!space)
		return err_nomem(err);
	if (rmdir(space) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the policy namespace '" SPACE_PREFIX "%s'", name);
	if (fd < 0 ? errno != ENOENT : write(fd, name, strlen(name)) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the profile '%s'", name);
	return 0;
}
