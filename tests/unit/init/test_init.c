/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/str.h"
#include "init/init.h"

static char folder[] = "/tmp/test_init.XXXXXX";
static int root;

static int make_root(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 || mkdirat(root, "sbin", 0755) || mkdirat(root, "lib64", 0755);
}

static int remove_root(void **state)
{
	(void)state;
	close(root);
	return file_remove_tree_at(AT_FDCWD, folder, NULL);
}

static void put(const char *path, const void *bytes, size_t n, mode_t mode)
{
	assert_int_equal(file_replace_at(root, path, bytes, n, mode, NULL), 0);
}

static void put_text(const char *path, const char *text, mode_t mode)
{
	put(path, text, strlen(text), mode);
}

static void copy(const char *from, const char *to)
{
	char *bytes;
	size_t n;

	assert_int_equal(file_read_at(AT_FDCWD, from, 64 << 20, &bytes, &n, NULL), 0);
	put(to, bytes, n, 0755);
	free(bytes);
}

static void refused(const char *path, const char *because)
{
	struct err err = { 0 };

	assert_true(init_check(root, path, &err) < 0);
	if (!strstr(err.msg, because))
		fail_msg("'%s' does not say '%s'", err.msg, because);
}

static void says_what_is_no_program(void **state)
{
	(void)state;
	refused("/sbin/absent", "'/sbin/absent' does not exist");
	assert_int_equal(symlinkat("/nowhere", root, "sbin/dangling"), 0);
	refused("/sbin/dangling", "does not exist");
	put_text("sbin/plain", "x", 0644);
	refused("/sbin/plain", "not an executable");
	refused("/sbin", "not an executable");
}

static void names_the_missing_interpreter_of_a_script(void **state)
{
	(void)state;
	put_text("sbin/script", "#! /bin/nosuch -e\n", 0755);
	refused("/sbin/script", "'/bin/nosuch'");
	put_text("sbin/other", "#!/sbin/script", 0755);
	assert_int_equal(init_check(root, "/sbin/other", NULL), 0);
}

/* Needs a loader and libc.so.6, on Debian. */
static void names_the_missing_loader_then_the_missing_library(void **state)
{
	(void)state;
	copy("/bin/true", "sbin/dynamic");
#if defined(__x86_64__)
	refused("/sbin/dynamic", "interpreter '/lib64/ld-linux-x86-64.so.2'");
	put_text("lib64/ld-linux-x86-64.so.2", "x", 0755);
#else
	skip();
#endif
	refused("/sbin/dynamic", "library 'libc.so.6'");
}

/* A name in the loader's cache counts as there: it may be in a folder that only the guest's loader knows. */
static void a_library_in_the_loaders_cache_is_there(void **state)
{
	char *cache;
	size_t n;

	(void)state;
	if (file_read_at(AT_FDCWD, "/etc/ld.so.cache", 4 << 20, &cache, &n, NULL) < 0)
		skip();
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	put("etc/ld.so.cache", cache, n, 0644);
	free(cache);
	assert_int_equal(init_check(root, "/sbin/dynamic", NULL), 0);
}

/* exec.3 of a program of 32 bits the missing loader is named too */
static void names_the_missing_loader_of_32_bits(void **state)
{
	struct {
		Elf32_Ehdr head;
		Elf32_Phdr part;
		char loader[32];
	} program = { .loader = "/lib/ld-small.so.9" };

	(void)state;
	memcpy(program.head.e_ident, ELFMAG, SELFMAG);
	program.head.e_ident[EI_CLASS] = ELFCLASS32;
	program.head.e_ident[EI_DATA] = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	program.head.e_phoff = sizeof program.head;
	program.head.e_phentsize = sizeof program.part;
	program.head.e_phnum = 1;
	program.part.p_type = PT_INTERP;
	program.part.p_offset = offsetof(__typeof__(program), loader);
	put("small", &program, sizeof program, 0755);
	refused("/small", "'/small' needs the interpreter '/lib/ld-small.so.9'");
	program.head.e_phnum = 0;
	put("small", &program, sizeof program, 0755);
	assert_int_equal(init_check(root, "/small", NULL), 0);
}

static void a_broken_elf_is_left_to_the_kernel(void **state)
{
	char *bytes;
	size_t n;

	(void)state;
	assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/exe", 64 << 20, &bytes, &n, NULL), 0);
	for (size_t cut = 1; cut < 4096 && cut < n; cut += 61) {
		put("sbin/broken", bytes, cut, 0755);
		init_check(root, "/sbin/broken", NULL);
	}
	for (size_t at = 0; at < 1024 && at < n; at++) {
		bytes[at] = (char)~bytes[at];
		put("sbin/broken", bytes, 8192 < n ? 8192 : n, 0755);
		init_check(root, "/sbin/broken", NULL);
		bytes[at] = (char)~bytes[at];
	}
	free(bytes);
}

static void the_halt_signal_is_found_from_the_init(void **state)
{
	(void)state;
	put_text("lib64/systemd", "x", 0755);
	put_text("lib64/busybox", "x", 0755);
	assert_int_equal(symlinkat("/lib64/systemd", root, "sbin/init-d"), 0);
	assert_int_equal(symlinkat("../lib64/busybox", root, "sbin/init-b"), 0);
	put_text("sbin/init", "x", 0755);
	assert_int_equal(init_halt_signal(root, "/sbin/init-d"), SIGRTMIN + 3);
	assert_int_equal(init_halt_signal(root, "/sbin/init-b"), SIGUSR2);
	assert_int_equal(init_halt_signal(root, "/sbin/init"), SIGPWR);
	assert_int_equal(init_reboot_signal(root, "/sbin/init-d"), SIGRTMIN + 5);
}

static void the_command_is_split_at_spaces(void **state)
{
	char cmd[] = "/bin/sh  -c\texec";
	struct init_conf conf = { .cmd = cmd };
	struct strv argv = { 0 };

	(void)state;
	assert_int_equal(init_argv(&conf, &argv, NULL), 0);
	assert_int_equal(argv.n, 3);
	assert_string_equal(argv.v[2], "exec");
	strv_done(&argv);
	conf.cmd = NULL;
	assert_int_equal(init_argv(&conf, &argv, NULL), 0);
	assert_string_equal(argv.v[0], "/sbin/init");
	strv_done(&argv);
	conf.cmd = cmd + 1;
	assert_int_equal(init_argv(&conf, &argv, NULL), -EINVAL);
	strv_done(&argv);
}

static void the_configured_environment_wins(void **state)
{
	struct init_conf conf = { 0 };
	struct strv env = { 0 };

	(void)state;
	assert_int_equal(strv_add(&conf.environment, "TERM=vt100"), 0);
	assert_int_equal(init_environment(&conf, "some-uuid", &env, NULL), 0);
	assert_true(strv_has(&env, "container=mgr"));
	assert_true(strv_has(&env, "container_uuid=some-uuid"));
	assert_true(strv_has(&env, "NOTIFY_SOCKET=/run/host/notify"));
	assert_true(strv_has(&env, "TERM=vt100"));
	assert_false(strv_has(&env, "TERM=linux"));
	strv_done(&env);
	strv_done(&conf.environment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_no_program),
		cmocka_unit_test(names_the_missing_interpreter_of_a_script),
		cmocka_unit_test(names_the_missing_loader_then_the_missing_library),
		cmocka_unit_test(a_library_in_the_loaders_cache_is_there),
		cmocka_unit_test(names_the_missing_loader_of_32_bits),
		cmocka_unit_test(a_broken_elf_is_left_to_the_kernel),
		cmocka_unit_test(the_halt_signal_is_found_from_the_init),
		cmocka_unit_test(the_command_is_split_at_spaces),
		cmocka_unit_test(the_configured_environment_wins),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
