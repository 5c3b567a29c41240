/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [cap], [seccomp] and [apparmor]. */
#include "security/keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "security/security.h"

/* As struct cap_conf wants it: lower case, without "cap_"; "none" is not a capability, and allowed. NULL with the error. */
static char *cap_name(const char *word, struct err *err)
{
	const char *bare = strncasecmp(word, "cap_", 4) == 0 ? word + 4 : word;
	char *name;

	if (!str_eq(word, "none") && security_cap(word, err) < 0)
		return NULL;
	name = strdup(bare);
	if (!name)
		err_nomem(err);
	for (char *p = name; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

static int add_caps(char *words, struct strv *list, struct err *err)
{
	char *save = NULL;

	for (char *word = strtok_r(words, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		autofree char *name = cap_name(word, err);
		if (!name)
			return -err->code;
		if (!strv_has(list, name) && strv_take(list, steal_ptr(&name)) < 0)
			return err_nomem(err);
	}
	return 0;
}

static int parse_caps(const struct key *key, void *field, const char *text, struct err *err)
{
	autocall(strv_done) struct strv found = { 0 };
	autofree char *copy = strdup(text);
	struct strv *list = field;
	int r = copy ? add_caps(copy, &found, err) : err_nomem(err);

	(void)key;
	for (size_t i = 0; r == 0 && i < found.n; i++)
		if (!strv_has(list, found.v[i]))
			r = strv_add(list, found.v[i]) < 0 ? err_nomem(err) : 0;
	return r;
}

static const struct key_type key_caps = { "capabilities", sizeof(struct strv), parse_caps, key_print_strv, key_clear_strv };

static const struct key cap_keys[] = {
	{ .name = "drop",
	  .type = &key_caps,
	  .off = offsetof(struct cap_conf, drop),
	  .flags = KEY_LIST,
	  .help = "Capabilities that nothing inside has, besides mgr's own list; none first: without that list." },
	{ .name = "keep",
	  .type = &key_caps,
	  .off = offsetof(struct cap_conf, keep),
	  .flags = KEY_LIST,
	  .help = "When given: the only capabilities that anything inside can have." },
	{ 0 },
};

const struct section security_cap_section = { .name = "cap", .keys = cap_keys };

static int parse_profile(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	if (text[0] != '/' && !str_eq(text, "default") && !str_eq(text, "none"))
		return err_set(err, EINVAL, "'%s' is not default, none or the absolute path of a profile", text);
	return key_store_string(field, text, err);
}

static const struct key_type key_profile = { "default|none|path", sizeof(char *), parse_profile, key_print_string,
					     key_clear_string };

static const struct key seccomp_keys[] = {
	{ .name = "profile",
	  .type = &key_profile,
	  .off = offsetof(struct seccomp_conf, profile),
	  .def = "default",
	  .help = "Which system calls are refused: default, none, or a profile's path." },
	{ 0 },
};

const struct section security_seccomp_section = { .name = "seccomp", .keys = seccomp_keys };

/* A profile's name is anything; what the kernel has none of is told at start. */
static int parse_apparmor(const struct key *key, void *field, const char *text, struct err *err)
{
	(void)key;
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(err, EINVAL, "a profile's name has no control characters");
	if (str_eq(text, "unchanged"))
		return err_set(err, EINVAL, "'unchanged' is LXC's: here it is unconfined");
	return key_store_string(field, text, err);
}

static const struct key_type key_apparmor = { "generated|unconfined|name", sizeof(char *), parse_apparmor, key_print_string,
					      key_clear_string };

static const struct key apparmor_keys[] = {
	{ .name = "profile",
	  .type = &key_apparmor,
	  .off = offsetof(struct apparmor_conf, profile),
	  .def = "generated",
	  .help = "AppArmor: generated, unconfined, or the name of a profile that the host has loaded." },
	{ 0 },
};

const struct section security_apparmor_section = { .name = "apparmor", .keys = apparmor_keys };
