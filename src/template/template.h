/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates: programs that fill a new container's root file system, found and run as LXC runs its own. */
#ifndef MGR_TEMPLATE_TEMPLATE_H
#define MGR_TEMPLATE_TEMPLATE_H

#include <signal.h>

#include "base/err.h"
#include "base/str.h"

#define TEMPLATE_CONF "template.conf" /* what a template may leave beside the rootfs: configuration to merge */

/* The program of a template: its name in the templates folder, or an absolute path. Allocated in *ret. -ENOENT lists the
 * names that there are. */
int template_find(const char *name, char **ret, struct err *err);

/* Names of all templates, added, sorted. */
int template_list(struct strv *ret, struct err *err);

/* What a template of ours would like to know (--questions), added: lines "--option TAB question TAB usual answer". None of
 * an absolute path, nor of one that knows no such option. */
int template_questions(const char *name, struct strv *ret, struct err *err);

/* What a template of ours calls the base that it would make with these arguments: 1, 0 when it has none. Allocated. */
int template_base_key(const char *name, const struct strv *args, char **ret, struct err *err);
#define TEMPLATE_MAKE_BASE "--make-base" /* fill rootfs with what all that are made alike have in common */
#define TEMPLATE_FROM_BASE "--from-base" /* that is there: make it the container's own */

/* Have it show its own options on our stdout, as LXC asks for them (--help). -ECANCELED when it failed. */
int template_help(const char *name, struct err *err);

struct template
{
	const char *program;
	const char *name, *path, *rootfs; /* of the container, as it is called and where it is being made */
	const char *cache;                /* MGR_CACHE for the program */
	const struct strv *args;          /* the user's, after ours */
	const char *verb;                 /* for a template of ours: TEMPLATE_...; NULL: fill it */
	int tree;                         /* a detached mount (base/mnt.h), to be at `rootfs`; -1: what is there */
	int input;                        /* its standard input; -1: nothing */
	int keep;                         /* open in the program and its children, as 3; -1: nothing */
	/* Each line of its output, without newline; may be NULL. */
	void (*line)(const char *line, void *data);
	void *data;
};

/* Run it in mount and pid namespaces of its own, which end with it or with this process. Its output is captured: the last
 * lines are in *ret_tail. The caller has SIGINT, SIGTERM, SIGHUP and SIGQUIT blocked: when one comes, everything that the
 * template started is killed, and the signal stays pending: -EINTR. -ECANCELED when the template failed, with its status in
 * the message. */
int template_run(const struct template *run, struct str *ret_tail, struct err *err);

/* The signals that end it. */
void template_signals(sigset_t *ret);

#endif
