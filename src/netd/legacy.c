/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/legacy.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sys.h"
#include "netd/docker.h"

#define PATIENCE (8 * CLOCK_SECOND)
#define ANSWER   3

struct answer {
	struct err failed, trouble;
};

/* The process. It keeps nothing of ours: a table's owner is whoever has its socket. */
static void work(const struct legacy *l, pid_t parent)
{
	const struct docker docker = { .tag = l->nft->table, .bridge = l->wanted ? l->nft->bridge : NULL };
	const uint64_t deadline = clock_in(PATIENCE);
	struct answer answer = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(l->answer, ANSWER) < 0 || sys_close_range(ANSWER + 1, ~0U, 0) < 0)
		return;
	if (docker_set_legacy(&docker, deadline, &answer.failed) >= 0 && l->wanted)
		docker_trouble_legacy(docker.bridge, deadline, &answer.trouble);
	(void)!write(ANSWER, &answer, sizeof answer);
}

static pid_t start(void *data, struct err *err)
{
	const pid_t us = getpid();
	struct legacy *l = data;
	pid_t pid;

	l->answer = memfd_create("answer", MFD_CLOEXEC);
	pid = l->answer < 0 ? -1 : fork();
	if (pid < 0)
		return err_sys(err, errno, "ask the old iptables");
	if (pid > 0)
		return pid;
	work(l, us);
	_exit(0);
}

static bool begin(struct legacy *l)
{
	l->again = false;
	return helper_run(&l->helper);
}

static void ended(void *data)
{
	struct legacy *l = data;
	struct answer answer = { 0 };

	if (l->answer < 0 || pread(l->answer, &answer, sizeof answer, 0) != sizeof answer)
		err_set(&answer.failed, EIO, "ask the old iptables: there was no answer");
	if (l->answer >= 0)
		close(l->answer);
	l->answer = -1;
	if (answer.failed.code && strcmp(answer.failed.msg, l->failed.msg) != 0)
		log_error("%s", answer.failed.msg);
	l->failed = answer.failed;
	l->trouble = answer.trouble;
	if (!l->again || !begin(l))
		l->told(l->data);
}

void legacy_init(struct legacy *l, const struct nft *nft, struct loop *loop, void (*told)(void *data), void *data)
{
	*l = (struct legacy){ .nft = nft, .told = told, .data = data, .answer = -1 };
	l->helper = (struct helper){ .loop = loop, .start = start, .ended = ended, .data = l, .pidfd = -1 };
}

bool legacy_ask(struct legacy *l, bool wanted)
{
	l->wanted = wanted;
	l->again = helper_runs(&l->helper);
	if (l->again)
		return true;
	if (docker_has_legacy())
		return begin(l);
	err_clear(&l->failed);
	err_clear(&l->trouble);
	return false;
}

void legacy_wait(struct legacy *l, uint64_t deadline)
{
	while (helper_runs(&l->helper) && clock_now() < deadline)
		helper_wait(&l->helper, deadline);
}
