/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices: read, kept, and answered as the kernel's v1 controller answers; real cgroups, as root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/sys.h"
#include "cgroup/devices.h"
#include "cgroup/internal.h"

#define SEQUENCES 60
#define RULES     12 /* in each */

/* Nodes that are never opened: access(2) asks for the right alone. */
enum { MAJORS = 3, MINORS = 3, NODES = 2 * MAJORS * MINORS };

static const unsigned accesses[] = { DEVICE_MKNOD, DEVICE_READ, DEVICE_WRITE, DEVICE_READ | DEVICE_WRITE };
#define ANSWERS ((size_t)NODES * ARRAY_SIZE(accesses))

static char folder[] = "/tmp/mgr-devices-XXXXXX";
static char parent[32];

static char type_of(size_t node)
{
	return node < NODES / 2 ? 'b' : 'c';
}

static uint32_t major_of(size_t node)
{
	return (uint32_t)(node / MINORS % MAJORS + 1);
}

static uint32_t minor_of(size_t node)
{
	return (uint32_t)(node % MINORS);
}

static int node_mode(size_t node)
{
	return (type_of(node) == 'b' ? S_IFBLK : S_IFCHR) | 0600;
}

static const char *node_path(size_t node, const char *kind, char buf[static 64])
{
	snprintf(buf, 64, "%s/%s%zu", folder, kind, node);
	return buf;
}

static void all_rules(const char *text, const char *again)
{
	struct device_rule rule;
	struct err err = { 0 };
	char buf[DEVICE_RULE_TEXT];

	if (device_rule_parse(text, &rule, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(device_rule_text(&rule, buf), again);
}

static void rules_are_read(void **state)
{
	static const char *const wrong[] = { "",           "c",         "c 1:3",      "c 1:3 ",        "c 1:3 x",
					     "c 1:3 rr",   "d 1:3 r",   "c 1 3 r",    "c 1: r",        "c :3 r",
					     "c 1:3 rwmm", "c 1:3  r",  "c  1:3 r",   "a 1:3 r",       "a *:* r",
					     "c -1:3 r",   "c 1:+3 r",  "c 4096:1 r", "c 1:1048576 r", "b 1:3 r w",
					     "c 0x1:3 r",  "c 1:3:4 r", "aa",         "c **:3 r",      "c 99999999999:1 r" };
	struct device_rule rule;
	struct err err = { 0 };

	(void)state;
	all_rules("a", "a");
	all_rules("a *:* rwm", "a");
	all_rules("c 10:232 rwm", "c 10:232 rwm");
	all_rules("b 4095:1048575 m", "b 4095:1048575 m");
	all_rules("b 8:* mr", "b 8:* rm");
	all_rules("c *:* w", "c *:* w");
	all_rules("c *:3 rw", "c *:3 rw");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(device_rule_parse(wrong[i], &rule, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "is no rule for devices, such as 'c 10:232 rwm'"));
	}
}

static bool ask(size_t node, unsigned access)
{
	char path[64];
	int mode = 0;

	if (access == DEVICE_MKNOD) {
		node_path(node, "new", path);
		if (mknod(path, (mode_t)node_mode(node), makedev(major_of(node), minor_of(node))) < 0)
			return false;
		unlink(path);
		return true;
	}
	if (access & DEVICE_READ)
		mode |= R_OK;
	if (access & DEVICE_WRITE)
		mode |= W_OK;
	return eaccess(node_path(node, "", path), mode) == 0;
}

/* A process in one hierarchy's cgroup, which answers all questions each time it is asked. */
struct asked {
	pid_t pid;
	int to, from;
};

static struct asked asked_in(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
	int to[2], from[2];
	char answers[ANSWERS], c;

	assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
	struct asked a = { fork(), to[1], from[0] };
	if (a.pid == 0) {
		autoclose int dir = cgroup_open_file(cg, h, NULL, O_PATH | O_DIRECTORY);
		close(to[1]);
		if (file_write_at(dir, "cgroup.procs", "0", NULL) < 0)
			_exit(1);
		while (read(to[0], &c, 1) == 1) {
			for (size_t i = 0; i < ANSWERS; i++)
				answers[i] = ask(i / ARRAY_SIZE(accesses), accesses[i % ARRAY_SIZE(accesses)]);
			if (write(from[1], answers, sizeof answers) < 0)
				_exit(1);
		}
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	return a;
}

static void answers_of(const struct asked *a, char answers[static ANSWERS])
{
	assert_int_equal(write(a->to, "?", 1), 1);
	assert_int_equal(read(a->from, answers, ANSWERS), ANSWERS);
}

static void asked_done(const struct asked *a)
{
	int status;

	close(a->to);
	close(a->from);
	waitpid(a->pid, &status, 0);
	assert_int_equal(status, 0);
}

static struct device_rule random_rule(void)
{
	struct device_rule rule = { .type = rand() % 2 ? 'b' : 'c', .access = (unsigned)(rand() % 7 + 1) };

	if (rand() % 20 == 0)
		return (struct device_rule){ .type = 'a' };
	rule.major = rand() % 4 ? (uint32_t)(rand() % MAJORS + 1) : DEVICE_EVERY;
	rule.minor = rand() % 4 ? (uint32_t)(rand() % MINORS) : DEVICE_EVERY;
	return rule;
}

static void compare(const struct device_list *list, const struct asked *a, const char *which)
{
	autocall(str_done) struct str text = { 0 };
	char answers[ANSWERS];

	answers_of(a, answers);
	for (size_t i = 0; i < ANSWERS; i++) {
		const size_t node = i / ARRAY_SIZE(accesses);
		const unsigned access = accesses[i % ARRAY_SIZE(accesses)];
		if (device_list_permits(list, type_of(node), major_of(node), minor_of(node), access) == answers[i])
			continue;
		for (size_t k = 0; k < list->n; k++) {
			char rule[DEVICE_RULE_TEXT];
			str_addf(&text, "%s, ", device_rule_text(&list->v[k], rule));
		}
		fail_msg("%s: %c %u:%u %x is %d; %s, but: %s", which, type_of(node), major_of(node), minor_of(node), access,
			 answers[i], list->allows ? "all" : "nothing", str_text(&text));
	}
}

/* What the kernel lists of v1. */
static void compare_lists(const struct device_list *list, const struct cgroup *cg, int v2)
{
	autocall(device_list_done) struct device_list read = { 0 };
	autocall(str_done) struct str ours = { 0 }, bpf = { 0 };
	char v1[8192];
	struct err err = { 0 };

	device_list_text(list, &ours);
	if (device_bpf_get(v2, &read, &err) < 0)
		fail_msg("%s", err.msg);
	device_list_text(&read, &bpf);
	assert_string_equal(str_text(&bpf), str_text(&ours));
	if (!cgroup_with(cg, "devices"))
		return;
	assert_true(cgroup_read(cg, cgroup_with(cg, "devices"), "devices.list", v1, sizeof v1 - 1) >= 0);
	strcat(v1, *v1 ? "\n" : "");
	assert_string_equal(v1, str_text(&ours));
}

static void apply(struct device_list *list, const struct cgroup *cg, int v2, bool allow, const struct device_rule *rule)
{
	const struct cgroup_hierarchy *v1 = cgroup_with(cg, "devices");
	char text[DEVICE_RULE_TEXT];
	struct err err = { 0 };

	assert_int_equal(device_list_apply(list, allow, rule), 0);
	if (device_bpf_apply(v2, allow, rule, &err) < 0)
		fail_msg("%s", err.msg);
	if (v1 && file_write_at(v1->dir, allow ? "devices.allow" : "devices.deny", device_rule_text(rule, text), &err) < 0)
		fail_msg("%s", err.msg);
}

static struct cgroup made(const char *name)
{
	const struct limits_conf none = { .memory = UINT64_MAX, .swap = UINT64_MAX };
	struct cgroup cg;
	struct err err = { 0 };

	if (geteuid() != 0 || cgroup_host(&cg, NULL) < 0 || !cgroup_v2(&cg))
		skip();
	assert_int_equal(cgroup_name(&cg, parent, name, &err), 0);
	if (cgroup_create(&cg, &none, 0, &err) < 0)
		fail_msg("%s", err.msg);
	return cg;
}

static void gone(struct cgroup *cg)
{
	struct err err = { 0 };

	if (cgroup_kill(cg, clock_in(5 * CLOCK_SECOND), &err) < 0 || cgroup_remove(cg, &err) < 0)
		fail_msg("%s", err.msg);
	cgroup_done(cg);
}

/* dev.1 the eBPF program answers as cgroup v1's devices controller does, for any rules */
static void as_v1_answers(void **state)
{
	const unsigned seed = (unsigned)clock_now();
	const struct device_rule everything = { .type = 'a' };
	struct device_list empty = { 0 };
	struct err err = { 0 };

	(void)state;
	struct cgroup cg = made("rules");
	const int v2 = cgroup_v2(&cg)->dir;
	const struct cgroup_hierarchy *v1 = cgroup_with(&cg, "devices");
	if (device_bpf_set(v2, &empty, &err) < 0)
		fail_msg("%s", err.msg);
	struct asked in_v2 = asked_in(&cg, cgroup_v2(&cg)), in_v1 = { 0 };
	if (v1)
		in_v1 = asked_in(&cg, v1);
	srand(seed);
	print_message("seed %u\n", seed);
	for (int i = 0; i < SEQUENCES; i++) {
		autocall(device_list_done) struct device_list list = { 0 };
		apply(&list, &cg, v2, i % 2, &everything);
		for (int k = 0; k < RULES; k++) {
			struct device_rule rule = random_rule();
			apply(&list, &cg, v2, rand() % 2, &rule);
			compare(&list, &in_v2, "eBPF");
			if (v1)
				compare(&list, &in_v1, "v1");
			compare_lists(&list, &cg, v2);
		}
	}
	if (v1) /* the later one has the earlier one's pipes too */
		asked_done(&in_v1);
	asked_done(&in_v2);
	gone(&cg);
}

/* dev.2 a change is one moment: what is allowed before and after is allowed throughout, and nothing else */
static void changes_at_once(void **state)
{
	const struct device_rule both = { 'c', 1, 0, DEVICE_READ }, first = { 'c', 2, 0, DEVICE_READ },
				 second = { 'c', 2, 1, DEVICE_READ };
	struct device_list lists[2] = { { 0 }, { 0 } };
	struct err err = { 0 };
	int status, more[2];
	char c;

	(void)state;
	struct cgroup cg = made("moment");
	const int v2 = cgroup_v2(&cg)->dir;
	assert_int_equal(device_list_apply(&lists[0], true, &first) | device_list_apply(&lists[0], true, &both), 0);
	assert_int_equal(device_list_apply(&lists[1], true, &both) | device_list_apply(&lists[1], true, &second), 0);
	assert_int_equal(device_bpf_set(v2, &lists[0], &err), 0);
	assert_int_equal(pipe2(more, O_CLOEXEC | O_NONBLOCK), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(more[1]);
		if (file_write_at(v2, "cgroup.procs", "0", NULL) < 0)
			_exit(1);
		while (read(more[0], &c, 1) < 0) {
			const size_t c_1_0 = NODES / 2, c_2_2 = NODES / 2 + MINORS + 2;
			if (!ask(c_1_0, DEVICE_READ))
				_exit(2);
			if (ask(c_2_2, DEVICE_READ))
				_exit(3);
		}
		_exit(0);
	}
	for (int i = 0; i < 300; i++)
		if (device_bpf_set(v2, &lists[i % 2], &err) < 0)
			fail_msg("%s", err.msg);
	close(more[1]);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	close(more[0]);
	device_list_done(&lists[0]);
	device_list_done(&lists[1]);
	gone(&cg);
}

static void at_the_same_time(void **state)
{
	autocall(device_list_done) struct device_list list = { 0 };
	struct err err = { 0 };

	(void)state;
	struct cgroup cg = made("two");
	const int v2 = cgroup_v2(&cg)->dir;
	assert_int_equal(device_bpf_set(v2, &list, &err), 0);
	for (uint32_t who = 0; who < 4; who++) {
		if (fork() != 0)
			continue;
		for (uint32_t i = 0; i < 25; i++)
			if (device_bpf_apply(v2, true, &(struct device_rule){ 'c', who + 1, i, DEVICE_READ }, NULL) < 0)
				_exit(1);
		_exit(0);
	}
	for (int i = 0, status; i < 4; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(device_bpf_get(v2, &list, &err), 0);
	assert_int_equal(list.n, 100);
	gone(&cg);
}

/* The id of the one program at a cgroup. */
static uint32_t program_at(int dir)
{
	union bpf_attr attr = { 0 };
	uint32_t id = 0;

	attr.query.target_fd = (uint32_t)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)&id;
	attr.query.prog_cnt = 1;
	assert_int_equal(sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr), 0);
	return id;
}

static bool exists(uint32_t id)
{
	union bpf_attr attr = { 0 };

	attr.prog_id = id;
	autoclose int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
	return fd >= 0;
}

static bool permitted(int dir, size_t node, unsigned access)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(file_write_at(dir, "cgroup.procs", "0", NULL) < 0 ? 2 : !ask(node, access));
	waitpid(pid, &status, 0);
	assert_true(status == 0 || status == 1 << 8);
	return status == 0;
}

/* dev.1 the program outlives whoever attached it, a guest's own below do not undo it, and it goes with the cgroup */
static void lives_with_the_cgroup(void **state)
{
	autocall(device_list_done) struct device_list list = { 0 }, everything = { .allows = true };
	const uint64_t deadline = clock_in(5 * CLOCK_SECOND);
	const size_t c_1_0 = NODES / 2;
	struct err err = { 0 };
	int status;

	(void)state;
	struct cgroup cg = made("life");
	const int v2 = cgroup_v2(&cg)->dir;
	if (fork() == 0)
		_exit(device_bpf_set(v2, &list, NULL) < 0);
	wait(&status);
	assert_int_equal(status, 0);
	assert_false(permitted(v2, c_1_0, DEVICE_READ));
	assert_int_equal(mkdirat(v2, "guest", 0755), 0);
	autoclose int below = openat(v2, "guest", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (device_bpf_set(below, &everything, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(permitted(below, c_1_0, DEVICE_READ));
	assert_int_equal(device_bpf_set(v2, &everything, &err), 0);
	assert_true(permitted(below, c_1_0, DEVICE_READ));
	const uint32_t ours = program_at(v2), its = program_at(below);
	assert_true(exists(ours) && exists(its));
	close(steal_fd(&below));
	gone(&cg);
	while (exists(ours) || exists(its)) /* the kernel frees them behind its own back */
		assert_true(clock_now() < deadline);
}

static int make_nodes(void **state)
{
	char path[64];

	(void)state;
	snprintf(parent, sizeof parent, "mgr-unit-%d", (int)getpid());
	if (geteuid() != 0)
		return 0;
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < NODES; i++)
		if (mknod(node_path(i, "", path), (mode_t)node_mode(i), makedev(major_of(i), minor_of(i))) < 0)
			return -1;
	return 0;
}

static int remove_nodes(void **state)
{
	(void)state;
	return geteuid() == 0 ? file_remove_tree_at(AT_FDCWD, folder, NULL) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),        cmocka_unit_test(as_v1_answers),
		cmocka_unit_test(changes_at_once),       cmocka_unit_test(at_the_same_time),
		cmocka_unit_test(lives_with_the_cgroup),
	};

	return cmocka_run_group_tests(tests, make_nodes, remove_nodes);
}
