/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/docker.h"
#include "netd/outside.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static int add(struct docker_rules *rules, const char *in, const char *out)
{
	struct docker_rule *v = reallocarray(rules->v, rules->n + 1, sizeof *v), *rule;
	int r;

	if (!v)
		return -1;
	rules->v = v;
	rule = &v[rules->n++];
	r = str_print(rule->in, sizeof rule->in, "%s", in);
	if (r >= 0)
		r = str_print(rule->out, sizeof rule->out, "%s", out);
	return r < 0 ? r : str_print(rule->comment, sizeof rule->comment, "%s: %s to %s", rules->tag, in, out);
}

/* The bridge of another network has a rule of its own for what comes in there. */
int docker_rules_list(const struct docker *docker, struct docker_rules *rules, struct err *err)
{
	autocall(outside_done) struct outside outside = { 0 };
	int r;

	rules->tag = docker->tag;
	if (!docker->bridge)
		return 0;
	r = outside_find(docker->bridge, &outside, err);
	if (r < 0)
		return r;
	r = add(rules, docker->bridge, docker->bridge);
	for (size_t i = 0; i < outside.n && r >= 0; i++) {
		r = add(rules, outside.v[i].name, docker->bridge);
		if (r >= 0 && !outside.v[i].managed)
			r = add(rules, docker->bridge, outside.v[i].name);
	}
	return r < 0 ? err_nomem(err) : 0;
}

void docker_rules_done(struct docker_rules *rules)
{
	free(rules->v);
}

bool docker_is_tagged(const struct docker_rules *rules, const char *comment)
{
	size_t n = strlen(rules->tag);

	return strncmp(comment, rules->tag, n) == 0 && comment[n] == ':';
}
