/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DOCKER-USER of the old iptables, which is asked by its own program: the kernel takes a table as a whole, and that program
 * has the lock over it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "netd/docker.h"

#define WAIT       "5" /* s, for the lock */
#define BUSY       4   /* exit status: others have it */
#define BEGINNING  "-A " DOCKER_CHAIN
#define LAST       BEGINNING " -j RETURN"
#define COMMENT    "--comment \""
#define OUTPUT_MAX (4 << 20)

struct family {
	const char *names, *program;
};

static const struct family families[] = {
	{ "/proc/net/ip_tables_names", "iptables-legacy" },
	{ "/proc/net/ip6_tables_names", "ip6tables-legacy" },
};

/* Only what is used already is looked at: to list a table would make it. */
static bool has_table(const struct family *family)
{
	autofree char *names = NULL;

	return file_read_at(AT_FDCWD, family->names, 4096, &names, NULL, NULL) == 0 && strstr(names, "filter\n");
}

static char *find_program(const char *name)
{
	static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/local/sbin" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char *path = str_fmt("%s/%s", folders[i], name);
		if (!path || access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* Exit status, or -errno. in, out: descriptors of files, or -1. */
static int run(const char *const argv[], int in, int out, uint64_t deadline, struct err *err)
{
	struct proc_fd fds[] = { { out < 0 ? in : out, out < 0 ? STDIN_FILENO : STDOUT_FILENO } };
	int status, r;
	pid_t pid = proc_spawn(argv, fds, 1, NULL, err);

	if (pid < 0)
		return pid;
	r = proc_wait(pid, deadline, &status, err);
	if (r < 0)
		return r;
	if (!WIFEXITED(status))
		return err_set(err, EIO, "'%s' was killed", argv[0]);
	if (WEXITSTATUS(status) == BUSY)
		return err_set(err, EBUSY, "another program holds the lock of '%s'", argv[0]);
	return WEXITSTATUS(status);
}

/* A chain's rules, or all (NULL), a line each; "" when there is no such chain. */
static int list(const char *program, const char *chain, uint64_t deadline, char **ret, struct err *err)
{
	const char *const argv[] = { program, "-w", WAIT, "-S", chain, NULL };
	autoclose int out = memfd_create("rules", MFD_CLOEXEC);
	int r;

	if (out < 0)
		return err_sys(err, errno, "make a file for the rules");
	r = run(argv, -1, out, deadline, err);
	if (r < 0)
		return r;
	*ret = calloc(1, OUTPUT_MAX);
	if (!*ret)
		return err_nomem(err);
	return r == 0 && pread(out, *ret, OUTPUT_MAX - 1, 0) < 0 ? err_sys(err, errno, "read the rules") : 0;
}

struct change {
	struct str script;
	struct str seen, wanted; /* comments, a line each */
	unsigned others;         /* rules that are not ours, up to the one behind which none is reached */
	bool has_end;
};

static void change_done(struct change *c)
{
	str_done(&c->script);
	str_done(&c->seen);
	str_done(&c->wanted);
}

static void take_line(struct change *c, const struct docker_rules *rules, const char *line)
{
	const char *comment = strstr(line, COMMENT);

	if (!str_starts(line, BEGINNING " "))
		return;
	if (comment && docker_is_tagged(rules, comment + strlen(COMMENT))) {
		comment += strlen(COMMENT);
		str_addn(&c->seen, comment, strcspn(comment, "\""));
		str_add(&c->seen, "\n");
		str_addf(&c->script, "-D%s\n", line + strlen("-A"));
	} else if (!c->has_end) {
		c->has_end = str_eq(line, LAST);
		c->others += !c->has_end;
	}
}

static void add_rule(struct change *c, const struct docker_rule *rule, unsigned position)
{
	str_addf(&c->wanted, "%s\n", rule->comment);
	str_addf(&c->script, "-I " DOCKER_CHAIN " %u -i %s -o %s -m comment " COMMENT "%s\" -j ACCEPT\n", position, rule->in,
		 rule->out, rule->comment);
}

static int restore(const char *program, const struct str *script, uint64_t deadline, struct err *err)
{
	autofree char *path = str_fmt("%s-restore", program);
	const char *const argv[] = { path, "-w", WAIT, "--noflush", NULL };
	autoclose int in = memfd_create("rules", MFD_CLOEXEC);
	int r;

	if (!path)
		return err_nomem(err);
	if (in < 0 || file_write_all(in, script->text, script->len) < 0 || lseek(in, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "make a file for the rules");
	r = run(argv, in, -1, deadline, err);
	return r > 0 ? err_set(err, EIO, "'%s' refused them, exit status %d", path, r) : r;
}

static int set_family(const struct family *family, const struct docker_rules *rules, uint64_t deadline, struct err *err)
{
	autocall(change_done) struct change c = { 0 };
	autofree char *program = find_program(family->program), *text = NULL;
	char *rest, *line;
	int r;

	if (!program)
		return err_set(err, ENOENT, "the program %s is not there", family->program);
	r = list(program, DOCKER_CHAIN, deadline, &text, err);
	if (r < 0 || !*text)
		return r;
	str_add(&c.script, "*filter\n");
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(&c, rules, line);
	for (size_t i = 0; i < rules->n; i++)
		add_rule(&c, &rules->v[i], c.others + 1 + (unsigned)i);
	str_add(&c.script, "COMMIT\n");
	if (c.script.failed || c.seen.failed || c.wanted.failed)
		return err_nomem(err);
	return str_eq(str_text(&c.seen), str_text(&c.wanted)) ? 0 : restore(program, &c.script, deadline, err);
}

int docker_set_legacy(const struct docker *docker, uint64_t deadline, struct err *err)
{
	autocall(docker_rules_done) struct docker_rules rules = { 0 };
	int r = docker_rules_list(docker, &rules, err);

	for (size_t i = 0; i < ARRAY_SIZE(families) && r >= 0; i++)
		if (has_table(&families[i]))
			r = set_family(&families[i], &rules, deadline, err);
	return r < 0 ? err_wrap(err, "have containers' packets pass " DOCKER_CHAIN) : 0;
}

static int look_at_family(const struct family *family, const char *bridge, uint64_t deadline, struct err *err)
{
	autofree char *program = find_program(family->program), *text = NULL, *in = str_fmt("-i %s ", bridge);
	int r = program ? list(program, NULL, deadline, &text, err) : 0;

	if (!in)
		return err_nomem(err);
	if (r < 0 || !text || !strstr(text, "-P FORWARD DROP\n") || strstr(text, in))
		return r;
	return err_set(err, EPERM, "chain 'FORWARD' of %s drops what it does not know: let '%s' through there",
		       family->program, bridge);
}

bool docker_has_legacy(void)
{
	return has_table(&families[0]) || has_table(&families[1]);
}

int docker_trouble_legacy(const char *bridge, uint64_t deadline, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families) && r >= 0; i++)
		if (has_table(&families[i]))
			r = look_at_family(&families[i], bridge, deadline, err);
	return r;
}
