/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libmgr CASE: a program that uses libmgr, for tests/behaviour/libmgr.bats. Each case prints what is wrong and ends with 1.
 * It is C++ too, as the header is. A container web runs, and rest does not. */
#include <mgr/mgr.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mgr *m;
static struct mgr_error error;

#define WANT(what)                                                                                                          \
	do {                                                                                                                \
		if (!(what)) {                                                                                              \
			fprintf(stderr, "line %d: not so: %s (last error: %s)\n", __LINE__, #what, error.message);          \
			exit(1);                                                                                            \
		}                                                                                                           \
	} while (0)

/* It fails with this code, and a message with this in it. */
#define FAILS(call, number, text)                                                                                           \
	do {                                                                                                                \
		memset(&error, 0, sizeof error);                                                                            \
		WANT((call) == -(number));                                                                                  \
		WANT(error.code == (number));                                                                               \
		WANT(strstr(error.message, text));                                                                          \
	} while (0)

static int exec_status(const char *script, const struct mgr_exec_options *options)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct mgr_process *p;
	int r;

	WANT(mgr_exec(m, "web", argv, options, &p, &error) == 0);
	r = mgr_process_wait(p, 10000, &error);
	mgr_process_free(p);
	return r;
}

static void errors(void)
{
	char **values;
	struct mgr_info *info;
	struct mgr_start_options none;
	enum mgr_state state;

	memset(&none, 0, sizeof none);
	FAILS(mgr_get_state(m, "nobody", &state, &error), ENOENT, "no such container");
	FAILS(mgr_get_state(m, "../web", &state, &error), EINVAL, "../web");
	FAILS(mgr_get_state(m, NULL, &state, &error), EINVAL, "cannot be empty");
	FAILS(mgr_get_info(m, "nobody", &info, &error), ENOENT, "no such container");
	FAILS(mgr_start(m, "nobody", NULL, &error), ENOENT, "no such container");
	FAILS(mgr_start(m, "rest", &none, &error), EINVAL, "size");
	FAILS(mgr_stop(m, "rest", 1000, &error), ESRCH, "not running");
	FAILS(mgr_freeze(m, "rest", 1000, &error), ESRCH, "not running");
	FAILS(mgr_wait(m, "rest", MGR_STATE_BIT(MGR_RUNNING), 50, &error), ETIMEDOUT, "");
	FAILS(mgr_wait_ready(m, "rest", 1000, &error), ECHILD, "");
	FAILS(mgr_config_get(m, "web", "limits.nonsuch", &values, &error), EINVAL, "nonsuch");
	FAILS(mgr_config_set(m, "web", "limits.memory", "much", &error), EINVAL, "much");
	FAILS(mgr_create(m, "web", NULL, &error), EEXIST, "exists");
	FAILS(mgr_destroy(m, "web", false, &error), EBUSY, "not stopped");
	WANT(mgr_exists(m, "web", &error) == 1 && mgr_exists(m, "nobody", &error) == 0);
	WANT(mgr_get_state(m, "nobody", &state, NULL) == -ENOENT);
}

static void look(void)
{
	struct mgr_info *info;
	enum mgr_state state;
	char **names;

	WANT(mgr_list(m, &names, &error) == 2);
	WANT(strcmp(names[0], "rest") == 0 && strcmp(names[1], "web") == 0 && !names[2]);
	mgr_free_list(names);
	WANT(mgr_get_state(m, "web", &state, &error) == 0 && state == MGR_RUNNING);
	WANT(strcmp(mgr_state_name(state), "RUNNING") == 0 && !mgr_state_name((enum mgr_state)99));
	WANT(mgr_get_info(m, "web", &info, &error) == 0);
	WANT(info->state == MGR_RUNNING && info->ready && strcmp(info->ready_how, "exec") == 0);
	WANT(info->init > 0 && info->supervisor > 0 && info->started > 0 && strlen(info->uuid) == 36);
	WANT(info->pids > 0 && info->pids < 100 && !info->ipv4[0] && !info->forwards[0]);
	mgr_free_info(info);
	WANT(mgr_get_info(m, "rest", &info, &error) == 0);
	WANT(info->state == MGR_STOPPED && !info->init && !info->has_last && info->memory == MGR_UNKNOWN);
	mgr_free_info(info);
	mgr_free_info(NULL);
	mgr_free_list(NULL);
	mgr_process_free(NULL);
}

static void commands(void)
{
	struct mgr_exec_options options;
	const char *const none[] = { "nonsuch", NULL }, *const passwd[] = { "/etc/passwd", NULL };
	const char *const env[] = { "COLOR=blue", NULL };
	const char *const slow[] = { "sleep", "1000", NULL };
	struct mgr_process *p;
	struct pollfd ended;
	char text[64];
	int pair[2], fds[3];
	ssize_t n;

	WANT(exec_status("exit 7", NULL) == 7);
	WANT(exec_status("exit 127", NULL) == 127); /* the command's own */
	WANT(mgr_exec(m, "web", none, NULL, &p, &error) == 0);
	FAILS(mgr_process_wait(p, 10000, &error), ENOENT, "nonsuch");
	FAILS(mgr_process_wait(p, 10000, &error), ENOENT, "nonsuch");
	mgr_process_free(p);
	WANT(mgr_exec(m, "web", passwd, NULL, &p, &error) == 0);
	FAILS(mgr_process_wait(p, 10000, &error), EACCES, "/etc/passwd");
	mgr_process_free(p);
	WANT(mgr_exec(m, "rest", slow, NULL, &p, &error) == 0);
	FAILS(mgr_process_wait(p, 10000, &error), ESRCH, "not running");
	mgr_process_free(p);

	WANT(pipe2(pair, O_CLOEXEC) == 0);
	fds[0] = fds[2] = -1;
	fds[1] = pair[1];
	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.user = "nobody";
	options.cwd = "/etc";
	options.env = env;
	options.fds = fds;
	WANT(exec_status("echo $(id -u) $PWD $COLOR; ls /proc/self/fd | wc -l", &options) == 0);
	close(pair[1]);
	n = read(pair[0], text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (strcmp(text, "65534 /etc blue\n4\n") != 0)
		fprintf(stderr, "said: %s\n", text);
	WANT(strcmp(text, "65534 /etc blue\n4\n") == 0);
	close(pair[0]);

	WANT(mgr_exec(m, "web", slow, NULL, &p, &error) == 0);
	FAILS(mgr_process_wait(p, 0, &error), ETIMEDOUT, "");
	ended.fd = mgr_process_fd(p);
	ended.events = POLLIN;
	WANT(poll(&ended, 1, 0) == 0);
	WANT(mgr_process_signal(p, SIGKILL, &error) == 0);
	WANT(poll(&ended, 1, 10000) == 1);
	WANT(mgr_process_wait(p, 1000, &error) == 128 + SIGKILL);
	FAILS(mgr_process_signal(p, SIGTERM, &error), ESRCH, "");
	mgr_process_free(p);
	WANT(mgr_exec(m, "web", slow, NULL, &p, &error) == 0);
	mgr_process_free(p); /* which ends it */
}

/* Until `wanted` has come. */
static void read_until(int fd, const char *wanted)
{
	char text[8192];
	size_t have = 0;
	struct pollfd p;

	p.fd = fd;
	p.events = POLLIN;
	for (text[0] = '\0'; !strstr(text, wanted); text[have] = '\0') {
		WANT(have < sizeof text - 1 && poll(&p, 1, 10000) == 1);
		ssize_t n = read(fd, text + have, sizeof text - 1 - have);
		WANT(n > 0);
		have += (size_t)n;
	}
}

static void console(void)
{
	struct mgr_process *p;
	int fd;

	WANT(mgr_console(m, "web", false, &p, &fd, &error) == 0);
	WANT(exec_status("echo to the console >/dev/console", NULL) == 0);
	read_until(fd, "to the console");
	WANT(write(fd, "\r", 1) == 1);
	read_until(fd, "login");
	mgr_process_free(p);
	close(fd);
	WANT(mgr_console(m, "rest", false, &p, &fd, &error) == 0);
	FAILS(mgr_process_wait(p, 10000, &error), ENOTCONN, "not running");
	mgr_process_free(p);
	close(fd);
}

static void config(void)
{
	char **values;

	WANT(mgr_config_set(m, "rest", "limits.memory", "64M", &error) == 0);
	WANT(mgr_config_get(m, "rest", "limits.memory", &values, &error) == 1 && strcmp(values[0], "64M") == 0);
	mgr_free_list(values);
	WANT(mgr_config_add(m, "rest", "cap.drop", "net_raw", &error) == 0);
	WANT(mgr_config_add(m, "rest", "cap.drop", "chown", &error) == 0);
	WANT(mgr_config_get(m, "rest", "cap.drop", &values, &error) == 2 && !values[2]);
	mgr_free_list(values);
	WANT(mgr_config_set(m, "rest", "cap.drop", NULL, &error) == 0);
	WANT(mgr_config_set(m, "rest", "limits.memory", NULL, &error) == 0);
	WANT(mgr_config_get(m, "rest", "cap.drop", &values, &error) == 0 && !values[0]);
	mgr_free_list(values);
}

static char noted[512];

static void note(const char *line, void *data)
{
	(void)data;
	snprintf(noted, sizeof noted, "%s", line);
}

static void copy(void)
{
	struct mgr_copy_options options;
	const char *const in[] = { "-", NULL }, *const out[] = { "/root/made", NULL };
	const char *const dev[] = { "/dev", NULL }, *const none[] = { "/no/such", NULL };
	char text[16] = "";
	int pair[2];

	WANT(pipe2(pair, O_CLOEXEC) == 0 && write(pair[1], "content", 7) == 7);
	close(pair[1]);
	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.stream = pair[0];
	options.has_mode = true;
	options.mode = 0600;
	WANT(mgr_push(m, "rest", in, "/root/made", &options, &error) == 0);
	close(pair[0]);
	WANT(pipe2(pair, O_CLOEXEC) == 0);
	options.stream = pair[1];
	WANT(mgr_pull(m, "rest", out, "-", &options, &error) == 0);
	close(pair[1]);
	WANT(read(pair[0], text, sizeof text) == 7 && memcmp(text, "content", 7) == 0);
	close(pair[0]);
	options.note = note;
	WANT(mgr_pull(m, "web", dev, "pulled", &options, &error) == 0);
	WANT(strstr(noted, "left out"));
	FAILS(mgr_pull(m, "web", none, "x", NULL, &error), ENOENT, "/no/such");
}

static int until_stopped(const struct mgr_event *event, void *data)
{
	int *seen = (int *)data;

	if (strcmp(event->name, "rest") != 0)
		return 0;
	if (event->kind == MGR_EVENT_STATE && event->state == MGR_RUNNING)
		*seen |= 1;
	if (event->kind == MGR_EVENT_READY)
		*seen |= 2;
	return event->kind == MGR_EVENT_STATE && event->state == MGR_STOPPED && *seen == 3 ? 42 : 0;
}

static void *run_rest(void *data)
{
	const char *const set[] = { "environment.MARK=here", NULL };
	struct mgr_start_options options;

	(void)data;
	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.set = set;
	if (mgr_start(m, "rest", &options, NULL) != 0 || mgr_start(m, "rest", NULL, NULL) != 1 ||
	    mgr_wait_ready(m, "rest", 20000, NULL) != 0 || mgr_reboot(m, "rest", 20000, NULL) != 0 ||
	    mgr_freeze(m, "rest", 10000, NULL) != 0 ||
	    mgr_wait(m, "rest", MGR_STATE_BIT(MGR_FROZEN), 10000, NULL) != MGR_FROZEN ||
	    mgr_unfreeze(m, "rest", NULL) != 0 || mgr_kill(m, "rest", NULL) != 0)
		return (void *)"a call failed";
	return NULL;
}

/* A run from another thread, watched by this one. */
static void run(void)
{
	pthread_t thread;
	void *failed = NULL;
	int seen = 0;

	WANT(pthread_create(&thread, NULL, run_rest, NULL) == 0);
	WANT(mgr_monitor(m, until_stopped, &seen, &error) == 42);
	WANT(pthread_join(thread, &failed) == 0 && !failed);
	WANT(mgr_wait(m, "rest", MGR_STATE_BIT(MGR_STOPPED) | MGR_STATE_BIT(MGR_RUNNING), 10000, &error) == MGR_STOPPED);
}

static void *ask(void *data)
{
	const char *const argv[] = { "true", NULL };
	struct mgr_error mine;
	long i;

	for (i = 0; i < 20; i++) {
		struct mgr_info *info;
		struct mgr_process *p;
		char **list;
		if (mgr_get_info(m, "web", &info, &mine) < 0 || mgr_list(m, &list, &mine) != 2 ||
		    mgr_exec(m, "web", argv, NULL, &p, &mine) < 0)
			return (void *)"a call failed";
		mgr_free_info(info);
		mgr_free_list(list);
		if (mgr_process_wait(p, 20000, &mine) != 0)
			return (void *)"a command failed";
		mgr_process_free(p);
		if (mgr_config_get(m, "rest", "container.uuid", &list, &mine) != 1)
			return (void *)"a configuration is not there";
		mgr_free_list(list);
	}
	return data;
}

static void threads(void)
{
	pthread_t thread[6];
	void *failed;
	size_t i;

	for (i = 0; i < 6; i++)
		WANT(pthread_create(&thread[i], NULL, ask, NULL) == 0);
	for (i = 0; i < 6; i++)
		WANT(pthread_join(thread[i], &failed) == 0 && !failed);
}

static int count_fds(void)
{
	int n = 0, fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "errors", errors }, { "look", look }, { "commands", commands }, { "console", console },
	{ "config", config }, { "copy", copy }, { "run", run },           { "threads", threads },
};

int main(int argc, char **argv)
{
	sigset_t before, after;
	size_t i;
	int fds;

	sigprocmask(SIG_BLOCK, NULL, &before);
	fds = count_fds();
	WANT(mgr_open(NULL, &m, &error) == 0);
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		if (argc > 1 && strcmp(argv[1], cases[i].name) == 0)
			cases[i].run();
	mgr_close(m);
	mgr_close(NULL);
	sigprocmask(SIG_BLOCK, NULL, &after);
	for (int sig = 1; sig < 32; sig++)
		WANT(sigismember(&before, sig) == sigismember(&after, sig));
	WANT(count_fds() == fds);
	WANT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	return 0;
}
