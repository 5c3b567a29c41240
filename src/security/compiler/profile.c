/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "security/compiler/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/str.h"

struct parser {
	struct profile *p;
	uint32_t action; /* of a rule that names none */
	bool has_list;
	char arch[16];
};

static const struct {
	const char *name;
	int code;
} codes[] = {
	{ "EPERM", EPERM },   { "ENOENT", ENOENT }, { "EACCES", EACCES },         { "EBUSY", EBUSY },
	{ "EINVAL", EINVAL }, { "ENOSYS", ENOSYS }, { "EOPNOTSUPP", EOPNOTSUPP }, { "EAFNOSUPPORT", EAFNOSUPPORT },
};

static const struct {
	const char *name;
	enum scmp_compare op;
} compares[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

/* Decimal or 0x-hexadecimal, whole. */
static int number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno || *end || *ret > max ? -EINVAL : 0;
}

/* "errno EPERM": the code is the next word. */
static int parse_action(const char *word, char **save, uint32_t *ret, struct err *err)
{
	uint64_t code;

	if (str_eq(word, "allow"))
		*ret = SCMP_ACT_ALLOW;
	else if (str_eq(word, "log"))
		*ret = SCMP_ACT_LOG;
	else if (str_eq(word, "kill"))
		*ret = SCMP_ACT_KILL_PROCESS;
	else if (str_eq(word, "trap"))
		*ret = SCMP_ACT_TRAP;
	else if (!str_eq(word, "errno"))
		return err_set(err, EINVAL, "'%s' is no action (allow, log, kill, trap, errno CODE)", word);
	else {
		const char *text = strtok_r(NULL, " \t", save);
		for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
			if (text && str_eq(text, codes[i].name)) {
				*ret = SCMP_ACT_ERRNO((uint32_t)codes[i].code);
				return 0;
			}
		if (number(text, 4095, &code) < 0)
			return err_set(err, EINVAL, "errno needs a number or a name such as EPERM");
		*ret = SCMP_ACT_ERRNO((uint32_t)code);
	}
	return 0;
}

/* "INDEX,VALUE,OP[,MASK]" within brackets. For a masked comparison the kernel wants the mask first (seccomp_rule_add(3)). */
static int parse_arg(char *text, struct scmp_arg_cmp *arg, struct err *err)
{
	char *save = NULL, *index = strtok_r(text, ", ", &save), *value = strtok_r(NULL, ", ", &save),
	     *op = strtok_r(NULL, ", ", &save), *mask = strtok_r(NULL, ", ", &save);
	uint64_t i, v, m = 0;

	if (number(index, 5, &i) < 0 || number(value, UINT64_MAX, &v) < 0 || (mask && number(mask, UINT64_MAX, &m) < 0))
		return err_set(err, EINVAL, "an argument is [INDEX,VALUE,OP] or [INDEX,VALUE,OP,MASK]");
	for (size_t k = 0; k < ARRAY_SIZE(compares); k++) {
		if (!op || !str_eq(op, compares[k].name))
			continue;
		bool masked = compares[k].op == SCMP_CMP_MASKED_EQ;
		if (masked && !mask)
			return err_set(err, EINVAL, "SCMP_CMP_MASKED_EQ needs a mask");
		*arg = (struct scmp_arg_cmp){ .arg = (unsigned)i, .op = compares[k].op };
		arg->datum_a = masked ? m : v;
		arg->datum_b = masked ? v : 0;
		return 0;
	}
	return err_set(err, EINVAL, "'%s' is no comparison (SCMP_CMP_EQ ...)", op ? op : "");
}

static int add_rule(struct profile *p, const struct profile_rule *rule, struct err *err)
{
	struct profile_rule *more = reallocarray(p->rules, p->n + 1, sizeof *more);

	if (!more)
		return err_nomem(err);
	p->rules = more;
	p->rules[p->n++] = *rule;
	return 0;
}

static int parse_args(char *text, struct profile_rule *rule, struct err *err)
{
	char *save = NULL;

	for (char *a = strtok_r(text, "[]", &save); a; a = strtok_r(NULL, "[]", &save)) {
		if (a[strspn(a, " \t,")] == '\0')
			continue;
		if (rule->n_args == PROFILE_ARGS)
			return err_set(err, EINVAL, "more than %d arguments", PROFILE_ARGS);
		int r = parse_arg(a, &rule->args[rule->n_args++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_rule(struct parser *at, char *line, struct err *err)
{
	struct profile_rule rule = { .action = at->action };
	char *args = strchr(line, '['), *save = NULL;
	autofree char *copy = args ? strdup(args) : NULL;
	int r = 0;

	if (args && !copy)
		return err_nomem(err);
	if (args)
		*args = '\0';
	const char *name = strtok_r(line, " \t", &save), *action = strtok_r(NULL, " \t", &save);
	if (!name || str_print(rule.name, sizeof rule.name, "%s", name) < 0)
		return err_set(err, EINVAL, "no system call has such a name");
	(void)str_print(rule.arch, sizeof rule.arch, "%s", at->arch);
	if (action)
		r = parse_action(action, &save, &rule.action, err);
	if (r == 0 && copy)
		r = parse_args(copy, &rule, err);
	return r < 0 ? r : add_rule(at->p, &rule, err);
}

static int parse_list(struct parser *at, char *line, struct err *err)
{
	char *save = NULL, *kind = strtok_r(line, " \t", &save), *action = strtok_r(NULL, " \t", &save);
	bool deny = kind && (str_eq(kind, "denylist") || str_eq(kind, "blacklist"));
	int r = 0;

	if (!deny && (!kind || (!str_eq(kind, "allowlist") && !str_eq(kind, "whitelist"))))
		return err_set(err, EINVAL, "'denylist' or 'allowlist' must come first");
	at->has_list = true;
	at->p->otherwise = deny ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
	at->action = deny ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW;
	if (action) /* as in LXC: a denylist's is what its rules do, an allowlist's what becomes of the rest */
		r = parse_action(action, &save, deny ? &at->action : &at->p->otherwise, err);
	return r;
}

static int parse_section(struct parser *at, char *line, struct err *err)
{
	size_t n = strcspn(line + 1, "]");

	if (n == 0 || n >= sizeof at->arch || line[1 + n] != ']')
		return err_set(err, EINVAL, "a section is [all] or [ARCHITECTURE]");
	memcpy(at->arch, line + 1, n);
	at->arch[n] = '\0';
	return 0;
}

static int parse_line(struct parser *at, char *line, struct err *err)
{
	static const struct profile_rule no_force = {
		.name = "umount2",
		.arch = "all",
		.action = SCMP_ACT_ERRNO(EACCES),
		.n_args = 1,
		.args = { { .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = MNT_FORCE, .datum_b = MNT_FORCE } },
	};

	char *comment = strstr(line, " #");

	if (comment)
		*comment = '\0';
	line += strspn(line, " \t");
	for (size_t n = strlen(line); n > 0 && strchr(" \t\r", line[n - 1]); n--)
		line[n - 1] = '\0';
	if (*line == '\0' || *line == '#')
		return 0;
	if (!at->has_list)
		return parse_list(at, line, err);
	if (*line == '[')
		return parse_section(at, line, err);
	if (str_eq(line, "reject_force_umount"))
		return add_rule(at->p, &no_force, err);
	return parse_rule(at, line, err);
}

int profile_parse(struct profile *p, char *text, struct err *err)
{
	struct parser at = { .p = p, .arch = "all" };
	unsigned n = 0;

	*p = (struct profile){ 0 };
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (++n == 1) {
			if (strcmp(line, "2") != 0)
				return err_set(err, EINVAL, "1: the first line must be the format's version, 2");
			continue;
		}
		if (parse_line(&at, line, err) < 0)
			return err_wrap(err, "%u", n);
	}
	return at.has_list ? 0 : err_set(err, EINVAL, "%u: neither 'denylist' nor 'allowlist'", n);
}

void profile_done(struct profile *p)
{
	free(p->rules);
	*p = (struct profile){ 0 };
}
