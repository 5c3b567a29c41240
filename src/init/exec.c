/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "init/init.h"
#include "init/internal.h"

int init_notify_listen(struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = INIT_NOTIFY_PATH };
	autoclose int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1, off = 0;

	if (sock >= 0) /* no descriptors; an older kernel lets them in, and who reads must close them */
		(void)setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
	    fchmod(sock, 0600) < 0 || /* what bind gives the file, less the umask (unix(7)) */
	    bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0)
		return err_sys(err, errno, "listen on '%s'", INIT_NOTIFY_PATH);
	return steal_fd(&sock);
}

void init_default_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int become_user(const struct init_conf *conf, struct err *err)
{
	if (conf->gid && setresgid(conf->gid, conf->gid, conf->gid) < 0)
		return err_sys(err, errno, "become group %u", conf->gid);
	if (conf->uid && setresuid(conf->uid, conf->uid, conf->uid) < 0)
		return err_sys(err, errno, "become user %u", conf->uid);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) /* forgotten with each change of ids */
		return err_sys(err, errno, "set the parent-death signal");
	return 0;
}

int init_exec(const struct init_conf *conf, int console, const struct strv *argv, const struct strv *env, struct err *err)
{
	int r;

	init_default_signals();
	umask(0022);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(console, fd) < 0)
			return err_sys(err, errno, "make the console standard input and output");
	if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(err, errno, "close what is open");
	if (conf->cwd && chdir(conf->cwd) < 0)
		return err_sys(err, errno, "enter '%s'", conf->cwd);
	setsid(); /* EPERM: is a session's leader already */
	r = become_user(conf, err);
	if (r < 0)
		return r;
	execve(argv->v[0], argv->v, env->v);
	return err_sys(err, errno, "run '%s'", argv->v[0]);
}
