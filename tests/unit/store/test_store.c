/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/claim.h"

static char root[64];
static struct err err;

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/mgr-test.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	setenv("MGR_ROOT", root, 1);
	unsetenv("MGR_CACHE");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return file_remove_tree_at(AT_FDCWD, root, &err);
}

static void names(void **state)
{
	static const char *const good[] = { "a", "0", "web-1.x_Y", "Web", "1.2.3.4.web", "localhost2" };
	static const char *const bad[] = { "", ".web", "-web", "_web", "a/b", "a b", "..", "w\303\244b" };
	static const char *const taken[] = { "localhost", "WPAD", "gateway", "isatap", "1.2.3.4", "10.1" };
	char longest[STORE_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(store_check_name(good[i], &err) | store_check_new_name(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(store_check_name(bad[i], &err) & store_check_new_name(bad[i], &err), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) { /* by an older version, perhaps: it can still be destroyed */
		assert_int_equal(store_check_name(taken[i], &err), 0);
		assert_int_equal(store_check_new_name(taken[i], &err), -EINVAL);
	}
	memset(longest, 'x', sizeof longest);
	longest[STORE_NAME_MAX + 1] = '\0';
	assert_int_equal(store_check_name(longest, &err), -EINVAL);
	longest[STORE_NAME_MAX] = '\0';
	assert_int_equal(store_check_name(longest, &err), 0);
}

static void default_paths(void **state)
{
	autocall(store_done) struct store store;

	(void)state;
	unsetenv("MGR_ROOT");
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_string_equal(store.id, "");
	assert_string_equal(store.cgroup, "mgr");
	assert_string_equal(store.etc, MGR_SYSCONFDIR "/mgr");
	assert_string_equal(store.containers, MGR_LOCALSTATEDIR "/lib/mgr");
	assert_string_equal(store.run, MGR_RUNSTATEDIR "/mgr");
}

static void one_folder_has_one_id(void **state)
{
	autocall(store_done) struct store before, after, linked;
	autofree char *absent = str_fmt("%s/new/./root", root), *link = str_fmt("%s/link", root);

	(void)state;
	setenv("MGR_ROOT", absent, 1);
	assert_int_equal(store_open(&before, NULL, &err), 0);
	assert_int_equal(store_make(&before, &err), 0);
	assert_int_equal(store_open(&after, NULL, &err), 0);
	assert_string_equal(before.id, after.id);
	assert_int_equal(strlen(after.id), 8);
	assert_int_equal(symlink("new/root", link), 0);
	setenv("MGR_ROOT", link, 1);
	assert_int_equal(store_open(&linked, NULL, &err), 0);
	assert_string_equal(linked.id, after.id);
}

static void another_folder_of_containers(void **state)
{
	autocall(store_done) struct store store, other;
	autofree char *path = str_fmt("%s/elsewhere", root);

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_int_equal(store_open(&other, path, &err), 0);
	assert_string_equal(other.containers, path);
	assert_string_equal(other.manager, store.manager);
	assert_string_equal(other.manager_run, store.run);
	assert_string_not_equal(other.run, store.run);
	assert_string_not_equal(other.cgroup, store.cgroup);
}

static void folders_are_for_their_owner_alone(void **state)
{
	autocall(store_done) struct store store;
	struct stat st;

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_int_equal(store_make(&store, &err), 0);
	assert_int_equal(stat(store.containers, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(chmod(store.containers, 0711), 0);
	assert_int_equal(store_make(&store, &err), -EPERM);
	assert_non_null(strstr(err.msg, "0711"));
}

static void lists_what_has_a_config(void **state)
{
	autocall(store_done) struct store store;
	autocall(strv_done) struct strv list = { 0 };
	static const char *const made[] = { "web", "db", ".new", "empty" };

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_int_equal(store_list(&store, &list, &err), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(store_make(&store, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		autofree char *folder = str_fmt("%s/%s", store.containers, made[i]);
		assert_int_equal(mkdir(folder, 0700), 0);
		autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY);
		if (!str_eq(made[i], "empty"))
			assert_int_equal(file_replace_at(fd, "config", "x", 1, 0600, &err), 0);
	}
	assert_int_equal(store_list(&store, &list, &err), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "db");
	assert_int_equal(store_container(&store, "empty", &err), -ENOENT);
	assert_string_equal(err.msg, "has no config: 'mgr-destroy -f empty' removes it");
	assert_int_equal(store_container(&store, "absent", &err), -ENOENT);
	assert_string_equal(err.msg, "no such container");
}

static void a_lock_says_what_its_holder_does(void **state)
{
	autocall(store_done) struct store store;
	uint64_t start;
	int fd;

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_int_equal(store_lock_peek(&store, "web", NULL), STORE_IDLE);
	fd = store_lock(&store, "web", STORE_STARTING, 0, &err);
	assert_true(fd >= 0);
	assert_int_equal(store_lock_peek(&store, "web", NULL), STORE_STARTING);
	assert_int_equal(store_lock_phase(fd, STORE_RUNNING), 0);
	assert_int_equal(store_lock_peek(&store, "web", NULL), STORE_RUNNING);
	assert_int_equal(store_lock(&store, "web", STORE_WORKING, 0, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "running"));
	start = clock_now();
	assert_int_equal(store_lock(&store, "web", STORE_WORKING, clock_in(50 * CLOCK_MS), &err), -EBUSY);
	assert_in_range(clock_now() - start, 50 * CLOCK_MS, 5 * CLOCK_SECOND);
	close(fd);
	assert_int_equal(store_lock_peek(&store, "web", NULL), STORE_IDLE);
}

/* A child that holds the lock, and tells so. */
static pid_t holder(const struct store *store, int *ret_tell)
{
	int ready[2], tell[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(tell), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(tell[1]);
		int fd = store_lock(store, "web", STORE_WORKING, 0, NULL);
		(void)!write(ready[1], fd < 0 ? "n" : "y", 1);
		(void)!read(tell[0], &c, 1);
		_exit(0);
	}
	close(ready[1]);
	close(tell[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	close(ready[0]);
	*ret_tell = tell[1];
	return pid;
}

/* Somebody waits for a lock of flock(2), as proc_locks(5) tells. */
static bool waits_for_flock(pid_t pid)
{
	autofree char *text = NULL;
	char blocked[64];

	str_print(blocked, sizeof blocked, "-> FLOCK  ADVISORY  WRITE %d ", (int)pid);
	return file_read_at(AT_FDCWD, "/proc/locks", 1 << 20, &text, NULL, NULL) == 0 && strstr(text, blocked);
}

/* What a sweep does with a claim that somebody is just making: lock it, find nothing in it, remove it. */
static void a_claim_is_made_after_a_sweep_that_looks_at_it(void **state)
{
	autocall(store_done) struct store store;
	autofree char *path = str_fmt("%s/var/lib/mgr/" STORE_NEW "/web", root);
	uint64_t deadline = clock_in(10 * CLOCK_SECOND);
	int fd, status;
	pid_t pid;

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_int_equal(store_make(&store, &err), 0);
	assert_int_equal(file_mkdirs_at(AT_FDCWD, path, 0700, &err), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (pid == 0) {
		close(fd);
		_exit(store_claim(&store, "web", NULL) < 0);
	}
	while (!waits_for_flock(pid) && waitpid(pid, &status, WNOHANG) == 0 && clock_now() < deadline)
		;
	assert_int_equal(rmdir(path), 0);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_waiter_gets_a_lock_that_is_let_go(void **state)
{
	autocall(store_done) struct store store;
	int tell, fd;
	pid_t pid, helper;

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	pid = holder(&store, &tell);
	helper = fork();
	if (helper == 0) { /* lets go once this process waits: its waiting child is seen in /proc */
		for (;;) {
			char path[64], kids[64] = "";
			str_print(path, sizeof path, "/proc/%d/task/%d/children", (int)getppid(), (int)getppid());
			if (file_read_small_at(AT_FDCWD, path, kids, sizeof kids, NULL) < 0 ||
			    strchr(strchr(kids, ' ') + 1, ' ')[1])
				break;
		}
		kill(pid, SIGKILL);
		_exit(0);
	}
	fd = store_lock(&store, "web", STORE_WORKING, clock_in(20 * CLOCK_SECOND), &err);
	assert_true(fd >= 0);
	close(fd);
	close(tell);
	waitpid(pid, NULL, 0);
	waitpid(helper, NULL, 0);
}

static void a_removed_lock_has_one_holder(void **state)
{
	autocall(store_done) struct store store;
	autofree char *path = NULL;
	int first, second;

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	first = store_lock(&store, "web", STORE_WORKING, 0, &err);
	path = str_fmt("%s/web/lock", store.run);
	assert_true(first >= 0);
	pid_t pid = fork();
	if (pid == 0) {       /* waits for a lock that is removed before it is let go */
		close(first); /* or it would hold what it waits for */
		int fd = store_lock(&store, "web", STORE_STARTING, clock_in(20 * CLOCK_SECOND), NULL);
		struct stat here, there;
		_exit(fd >= 0 && fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino ? 0 : 1);
	}
	assert_int_equal(unlink(path), 0);
	second = store_lock(&store, "web", STORE_WORKING, clock_in(20 * CLOCK_SECOND), &err);
	assert_true(second >= 0);
	close(first);
	close(second);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void where_a_cgroup_is(void **state)
{
	autocall(store_done) struct store store = { 0 };
	autoclose int dir = -1;
	char path[64];

	(void)state;
	assert_int_equal(store_open(&store, NULL, &err), 0);
	assert_int_equal(store_cgroup_find(&store, "web", path, sizeof path, &err), 0);
	dir = store_runtime(&store, "web", true, &err);
	assert_true(dir >= 0);
	assert_int_equal(store_cgroup_forget(dir, &err), 0);
	assert_int_equal(store_cgroup_keep(dir, "else/where", &err), 0);
	assert_int_equal(store_cgroup_keep(dir, "mgr.slice/mgr-web.scope/payload", &err), 0);
	assert_int_equal(store_cgroup_find(&store, "web", path, sizeof path, &err), 1);
	assert_string_equal(path, "mgr.slice/mgr-web.scope/payload");
	assert_int_equal(store_cgroup_find(&store, "web", path, 31, &err), -ENAMETOOLONG);
	assert_int_equal(store_cgroup_forget(dir, &err), 0);
	assert_int_equal(store_cgroup_find(&store, "web", path, sizeof path, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test_setup_teardown(default_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(one_folder_has_one_id, setup, teardown),
		cmocka_unit_test_setup_teardown(another_folder_of_containers, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_are_for_their_owner_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_what_has_a_config, setup, teardown),
		cmocka_unit_test_setup_teardown(where_a_cgroup_is, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lock_says_what_its_holder_does, setup, teardown),
		cmocka_unit_test_setup_teardown(a_waiter_gets_a_lock_that_is_let_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removed_lock_has_one_holder, setup, teardown),
		cmocka_unit_test_setup_teardown(a_claim_is_made_after_a_sweep_that_looks_at_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("store/store", tests, NULL, NULL);
}
