/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/proc.h"

static int run_shell(const char *script, struct err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	return proc_run(argv, NULL, 0, err);
}

static void the_last_line_is_the_reason(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(run_shell("exit 0", &err), 0);
	assert_int_equal(run_shell("echo one >&2; printf 'two \\033\\n' >&2; exit 3", &err), -ECANCELED);
	assert_string_equal(err.msg, "two \\x1b");
	assert_int_equal(run_shell("exit 3", &err), -ECANCELED);
	assert_string_equal(err.msg, "/bin/sh: exit status 3");
	assert_int_equal(run_shell("kill -9 $$", &err), -ECANCELED);
	assert_string_equal(err.msg, "/bin/sh: signal 9 (Killed)");
}

static void much_that_is_said_does_not_hold_it_up(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(run_shell("i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i + 1)); done; exit 1", &err),
			 -ECANCELED);
	assert_string_equal(err.msg, "line 19999");
}

static void hear_progress(uint64_t done, uint64_t total, void *data)
{
	uint64_t *sum = data;

	*sum += done + total;
}

static void what_it_writes_and_says_is_heard(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "echo answer; echo word >&2; echo progress 3 10 >&2", NULL };
	const char *const much[] = { "/bin/sh", "-c", "while echo much; do :; done", NULL };
	char *out = NULL, *words = NULL;
	uint64_t sum = 0;
	struct proc_job job = {
		.argv = argv, .out = &out, .out_max = 7, .words = &words, .progress = hear_progress, .data = &sum
	};

	(void)state;
	assert_int_equal(proc_run_job(&job, NULL), 0);
	assert_string_equal(out, "answer\n");
	assert_string_equal(words, "word\n");
	assert_int_equal(sum, 13);
	free(out);
	free(words);
	out = words = NULL;
	job.argv = much;
	assert_int_equal(proc_run_job(&job, NULL), -EFBIG);
	assert_null(out);
	assert_null(words);
}

static void one_that_takes_too_long_is_killed(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "exec 2>&-; read x <> /dev/ptmx", NULL };
	const struct proc_job job = { .argv = argv, .longest = 50000000 };

	(void)state;
	assert_int_equal(proc_run_job(&job, NULL), -ETIMEDOUT);
}

static void it_gets_what_it_is_given(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "read x <&3 && [ \"$x\" = hello ]", NULL };
	struct err err = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "hello\n", 6), 6);
	assert_int_equal(proc_run(argv, &(struct proc_fd){ ends[0], 3 }, 1, &err), 0);
	close(ends[0]);
	close(ends[1]);
}

static void a_signal_that_is_blocked_ends_it_and_stays(void **state)
{
	sigset_t set, before, pending;
	struct err err = { 0 };
	int got;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	raise(SIGTERM);
	assert_int_equal(run_shell("read x <> /dev/ptmx", &err), -EINTR);
	sigpending(&pending);
	assert_true(sigismember(&pending, SIGTERM));
	sigwait(&set, &got);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_is_the_reason),
		cmocka_unit_test(much_that_is_said_does_not_hold_it_up),
		cmocka_unit_test(it_gets_what_it_is_given),
		cmocka_unit_test(what_it_writes_and_says_is_heard),
		cmocka_unit_test(one_that_takes_too_long_is_killed),
		cmocka_unit_test(a_signal_that_is_blocked_ends_it_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
