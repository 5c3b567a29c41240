/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In processes of their own; skipped where the caller may not make namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/confine.h"

#define CANNOT 99 /* be confined here */

static long signal_itself(void)
{
	return syscall(SYS_tgkill, getpid(), getpid(), 0);
}

static long signal_another(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long open_root(void)
{
	return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static long open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long start_process(void)
{
	return fork();
}

/* How a process ends that does this. */
static int after(long (*what)(void), bool rest)
{
	struct err err = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (confine_begin(false, &err) < 0 || (rest && confine_rest(&err) < 0))
			_exit(CANNOT);
		_exit(what() < 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		skip();
	return status;
}

static void killed(long (*what)(void), bool rest)
{
	int status = after(what, rest);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void test_calls(void **state)
{
	(void)state;
	assert_int_equal(after(signal_itself, true), 0);
	assert_int_equal(after(open_root, false), 0);
	killed(open_root, true);
	killed(make_socket, false);
	killed(start_process, false);
}

static void test_signals(void **state)
{
	(void)state;
	killed(signal_another, false);
	killed(signal_another, true);
}

static void test_files(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(after(open_passwd, false)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
