/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/docker.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define HEX "0123456789abcdef"

/* As Docker calls its bridges by itself. */
static bool is_dockers(const char *name)
{
	if (str_eq(name, "docker0") || str_eq(name, "docker_gwbridge"))
		return true;
	return str_starts(name, "br-") && strlen(name) == 15 && strspn(name + 3, HEX) == 12;
}

static int add(struct docker_rules *rules, const char *in, const char *out, bool accept)
{
	struct docker_rule *v = reallocarray(rules->v, rules->n + 1, sizeof *v), *rule;
	int r;

	if (!v)
		return -1;
	rules->v = v;
	rule = &v[rules->n++];
	rule->accept = accept;
	r = str_print(rule->in, sizeof rule->in, "%s", in);
	if (r >= 0)
		r = str_print(rule->out, sizeof rule->out, "%s", out);
	return r < 0 ? r
		     : str_print(rule->comment, sizeof rule->comment, "%s: %s to %s", rules->tag, *in ? in : "any",
				 *out ? out : "any");
}

/* What goes to containers of Docker's own is Docker's to judge. */
static int list(struct docker_rules *rules, const char *bridge)
{
	struct if_nameindex *all = if_nameindex();
	int r = all ? 0 : -1;

	for (const struct if_nameindex *i = all; i && i->if_index && r >= 0; i++)
		if (is_dockers(i->if_name))
			r = add(rules, bridge, i->if_name, false);
	if_freenameindex(all);
	if (r >= 0)
		r = add(rules, bridge, "", true);
	return r < 0 ? r : add(rules, "", bridge, true);
}

static int set(const struct docker_rules *rules, struct err *err)
{
	struct err legacy = { 0 };
	int r = docker_set_nft(rules, err), r2 = docker_set_legacy(rules, r < 0 ? &legacy : err);

	return r < 0 ? r : r2;
}

int docker_allow(const char *tag, const char *bridge, struct err *err)
{
	struct docker_rules rules = { .tag = tag };
	int r = list(&rules, bridge) < 0 ? err_nomem(err) : set(&rules, err);

	free(rules.v);
	return r < 0 ? err_wrap(err, "let containers' packets through " DOCKER_CHAIN) : 0;
}

int docker_forget(const char *tag, struct err *err)
{
	const struct docker_rules none = { .tag = tag };

	return set(&none, err) < 0 ? err_wrap(err, "take our rules out of " DOCKER_CHAIN) : 0;
}

bool docker_is_tagged(const struct docker_rules *rules, const char *comment)
{
	size_t n = strlen(rules->tag);

	return strncmp(comment, rules->tag, n) == 0 && comment[n] == ':';
}
