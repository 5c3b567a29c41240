/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a running container: mgr-boot makes and undoes them, as it does at a start and a stop. Meanwhile it has the
 * connection to mgr-netd, and the lock with us: nobody undoes what it is about to make. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "boot/result.h"
#include "supervisor/supervisor.h"
#include "wire/device.h"

#define BOOT MGR_LIBEXECDIR "/mgr-boot"

struct device_job {
	struct wire_client *asking; /* NULL when it has gone */
	pid_t pid;                  /* of mgr-boot; 0: it waits for the connection to mgr-netd */
	int from;                   /* its answer */
	bool settles;               /* the one before was killed: this one clears up */
	struct err why;             /* what it is called for then */
	bool over;                  /* the run is, meanwhile */
	size_t n;
	const char *words[WIRE_DEVICE_WORDS + 1]; /* in text */
	char text[];
};

static int split(struct device_job *job, size_t len, struct err *err)
{
	if (job->text[len - 1])
		return err_set(err, EBADMSG, "the request is malformed");
	for (char *word = job->text; word < job->text + len; word += strlen(word) + 1) {
		if (job->n == WIRE_DEVICE_WORDS)
			return err_set(err, E2BIG, "more than %d words", WIRE_DEVICE_WORDS);
		job->words[job->n++] = word;
	}
	return 0;
}

static int spawn(struct supervisor *s, struct device_job *job, int netd, int to, struct err *err)
{
	static const char *const settle[] = { "settle", NULL };
	const char *const *words = job->settles ? settle : job->words;
	const char *argv[WIRE_DEVICE_WORDS + 10] = { BOOT, "--device", "--init" };
	const struct proc_fd fds[] = {
		{ to, BOOT_RESULT_FD },
		{ s->lock, BOOT_DEVICE_LOCK_FD },
		{ s->init_pidfd, BOOT_DEVICE_PIDFD_FD },
		{ netd, BOOT_DEVICE_NETD_FD },
	};
	char pid[12];
	size_t n = 3;

	snprintf(pid, sizeof pid, "%d", (int)s->init);
	argv[n++] = pid;
	if (netd >= 0)
		argv[n++] = "--netd";
	if (s->path[0]) {
		argv[n++] = "-P";
		argv[n++] = s->path;
	}
	argv[n++] = "--";
	argv[n++] = s->name;
	while (*words)
		argv[n++] = *words++;
	job->pid = proc_spawn(argv, fds, ARRAY_SIZE(fds) - (netd < 0), NULL, err);
	return job->pid < 0 ? job->pid : 0;
}

/* One that clears up has a connection of its own: on ours an answer may be due to the one that was killed. */
static int start(struct supervisor *s, struct device_job *job, struct err *err)
{
	int pair[2], netd, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	netd = netd_lend(s);
	r = spawn(s, job, job->settles ? -1 : netd, pair[1], err);
	close(pair[1]);
	job->from = pair[0];
	if (r >= 0)
		return 0;
	job->pid = 0;
	close(job->from);
	netd_take_back_as_it_was(s);
	return r;
}

static void done(struct supervisor *s, const struct err *why, const char *text)
{
	struct wire_client *client = s->device->asking;

	if (client && why && why->code)
		wire_client_refuse(client, WIRE_DEVICE, why);
	else if (client)
		wire_client_send(client, WIRE_DEVICE, text, strlen(text) + 1, NULL, 0);
	free(s->device);
	s->device = NULL;
}

void device_go_on(struct supervisor *s)
{
	struct device_job *job = s->device;
	struct err err = { 0 };

	if (job && !job->pid && netd_is_idle(s) && start(s, job, &err) < 0)
		done(s, &err, NULL);
}

int device_ask(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct supervisor *s = client->server->data;
	autofree struct device_job *job = NULL;
	int r;

	if (!s->init || s->ended || s->state == WIRE_STOPPING)
		return err_set(err, ESRCH, s->init ? "is stopping" : "is not running");
	if (s->device)
		return err_set(err, EBUSY, "another change of its devices is under way");
	job = calloc(1, sizeof *job + len);
	if (!job)
		return err_nomem(err);
	memcpy(job->text, payload, len);
	job->asking = client;
	r = split(job, len, err);
	if (r < 0)
		return r;
	s->device = steal_ptr(&job);
	device_go_on(s);
	return 0;
}

void device_client_gone(struct supervisor *s, const struct wire_client *client)
{
	if (s->device && s->device->asking == client)
		s->device->asking = NULL;
}

/* In pages of its own, which go back to the kernel. */
static struct boot_device_result *hear(struct device_job *job, int *ret_conn, int *ret_file)
{
	const size_t size = sizeof(struct boot_device_result), head = offsetof(struct boot_device_result, join);
	struct boot_device_result *result = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[2] = { -1, -1 };
	ssize_t got;
	size_t n = 0;

	*ret_conn = *ret_file = -1;
	if (result == MAP_FAILED)
		return NULL;
	fd_set_nonblock(job->from);
	got = fd_recv(job->from, result, size, fds, ARRAY_SIZE(fds), &n);
	if (got >= (ssize_t)head && (size_t)got - head == (result->join_len > sizeof result->join ? 0 : result->join_len)) {
		*ret_conn = result->has_conn ? fds[0] : -1;
		*ret_file = fds[result->has_conn ? 1 : 0];
		return result;
	}
	for (; n > 0; n--)
		close(fds[n - 1]);
	munmap(result, size);
	return NULL;
}

/* It was killed, or could not say how things are. */
static void clear_up(struct supervisor *s, struct device_job *job, int status)
{
	const bool again = job->settles;
	struct err err = { 0 };
	char text[48];

	log_error("device: mgr-boot has ended by %s", proc_status_text(status, text));
	if (!again)
		err_set(&job->why, EIO, "mgr-boot has ended by %s: mgr-device ls shows what there is now", text);
	job->settles = true;
	if (again)
		netd_take_back_as_it_was(s);
	else if (start(s, job, &err) >= 0)
		return;
	err_set(&err, EIO, "mgr-boot has ended by %s, and what it has left stays until the next change or the stop", text);
	done(s, &err, NULL);
}

static void ended(struct supervisor *s, struct device_job *job, int status)
{
	struct boot_device_result *result;
	autoclose int file = -1;
	int conn;

	result = hear(job, &conn, &file);
	close(job->from);
	job->pid = 0;
	if (!result) {
		clear_up(s, job, status);
		return;
	}
	if (result->is_known)
		netd_take_back(s, conn, result->join, result->join_len, file);
	else
		netd_take_back_as_it_was(s);
	if (result->err.code && !job->asking) /* else the command tells, and logs it */
		log_warn("device: %s", result->err.msg);
	done(s, job->settles ? &job->why : &result->err, result->text);
	munmap(result, sizeof *result);
}

bool device_reap(struct supervisor *s, pid_t pid, int status)
{
	struct device_job *job = s->device;
	struct err err = { 0 };

	if (!job || pid != job->pid)
		return false;
	if (!job->over) {
		ended(s, job, status);
		return true;
	}
	close(job->from);
	err_set(&err, ESRCH, "the container has stopped meanwhile");
	done(s, &err, NULL);
	supervisor_run_over(s);
	return true;
}

bool device_end(struct supervisor *s)
{
	struct err err = { 0 };

	if (!s->device)
		return false;
	if (s->device->pid) {
		kill(s->device->pid, SIGKILL);
		s->device->over = true;
		return true;
	}
	err_set(&err, ESRCH, "the container has stopped meanwhile");
	done(s, &err, NULL);
	return false;
}
