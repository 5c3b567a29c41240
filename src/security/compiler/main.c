/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-seccomp PROFILE: compiles a seccomp profile and writes it to stdout as struct sock_filter[]. What is wrong with it
 * goes to stderr as one line, with the exit status 1. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "security/compiler/profile.h"

#define PROFILE_MAX (1U << 20)

/* The interfaces that a process of this machine can use beside the native one. x32 is not among them: its calls, and those
 * of any other interface, get ENOSYS. */
static uint32_t second_arch(void)
{
	switch (seccomp_arch_native()) {
	case SCMP_ARCH_X86_64:
		return SCMP_ARCH_X86;
	case SCMP_ARCH_AARCH64:
		return SCMP_ARCH_ARM;
	default:
		return 0;
	}
}

/* The library takes the native number of a call, a negative one of its own when there is none, and finds the other
 * interfaces' numbers by itself; where one has no such call it adds nothing. */
static int add_rule(scmp_filter_ctx ctx, const struct profile *p, const struct profile_rule *rule, struct err *err)
{
	if (rule->action == p->otherwise)
		return 0;
	int r = seccomp_rule_add_array(ctx, rule->action, seccomp_syscall_resolve_name(rule->name), rule->n_args,
				       rule->args);
	return r < 0 ? err_sys(err, -r, "rule for '%s'", rule->name) : 0;
}

static int check_name(const struct profile_rule *rule, struct err *err)
{
	if (seccomp_syscall_resolve_name(rule->name) == __NR_SCMP_ERROR)
		return err_set(err, EINVAL, "no system call is called '%s'", rule->name);
	if (!str_eq(rule->arch, "all") && seccomp_arch_resolve_name(rule->arch) == 0 && !str_eq(rule->arch, "amd64") &&
	    !str_eq(rule->arch, "i386"))
		return err_set(err, EINVAL, "no architecture is called '%s'", rule->arch);
	return 0;
}

static uint32_t arch_of(const struct profile_rule *rule)
{
	if (str_eq(rule->arch, "amd64"))
		return SCMP_ARCH_X86_64;
	if (str_eq(rule->arch, "i386"))
		return SCMP_ARCH_X86;
	return seccomp_arch_resolve_name(rule->arch);
}

/* A filter for one interface, NULL with the error. */
static scmp_filter_ctx for_arch(uint32_t arch, const struct profile *p, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(p->otherwise);
	int r = ctx ? 0 : err_nomem(err);

	if (r == 0 && arch != seccomp_arch_native()) {
		r = seccomp_arch_add(ctx, arch);
		if (r == 0)
			r = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
		if (r < 0)
			err_sys(err, -r, "add the second architecture");
	}
	for (size_t i = 0; i < p->n && r == 0; i++)
		if (str_eq(p->rules[i].arch, "all") || arch_of(&p->rules[i]) == arch)
			r = add_rule(ctx, p, &p->rules[i], err);
	if (r == 0)
		return ctx;
	if (ctx)
		seccomp_release(ctx);
	return NULL;
}

static int set_attributes(scmp_filter_ctx ctx, struct err *err)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree, not a list */
	return r < 0 ? err_sys(err, -r, "set up the filter") : 0;
}

static int compile(const struct profile *p, int out, struct err *err)
{
	scmp_filter_ctx ctx = for_arch(seccomp_arch_native(), p, err), second;
	int r = ctx ? set_attributes(ctx, err) : -err->code;

	if (r == 0 && second_arch()) {
		second = for_arch(second_arch(), p, err);
		r = second ? set_attributes(second, err) : -err->code;
		if (r == 0) {
			r = seccomp_merge(ctx, second); /* releases the second */
			if (r < 0)
				err_sys(err, -r, "merge the architectures");
		}
		if (r < 0 && second)
			seccomp_release(second);
	}
	if (r == 0) {
		r = seccomp_export_bpf(ctx, out);
		if (r < 0)
			err_sys(err, -r, "write the filter");
	}
	if (ctx)
		seccomp_release(ctx);
	return r;
}

static int run(const char *path, struct err *err)
{
	autofree char *text = NULL;
	autocall(profile_done) struct profile p = { 0 };
	int r = file_read_at(AT_FDCWD, path, PROFILE_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	r = profile_parse(&p, text, err);
	for (size_t i = 0; i < p.n && r == 0; i++)
		r = check_name(&p.rules[i], err);
	if (r < 0)
		return err_wrap(err, "%s", path);
	return compile(&p, STDOUT_FILENO, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	if (argc != 2) {
		fputs("mgr-seccomp: usage: mgr-seccomp PROFILE >FILTER\n", stderr);
		return 64;
	}
	if (run(argv[1], &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.msg);
	return 1;
}
