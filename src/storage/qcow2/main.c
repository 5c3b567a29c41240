/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-qcow2: the one program that reads qcow2 disks, made by whomever. A confined process does it (confine.h); this one
 * opens files for it (broker.h), and removes what it has not brought to its end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "storage/confine.h"
#include "storage/qcow2/args.h"
#include "storage/qcow2/broker.h"
#include "storage/qcow2/chain.h"
#include "storage/qcow2/convert.h"
#include "storage/qcow2/hold.h"
#include "storage/qcow2/serve.h"
#include "storage/qcow2/vet.h"
#include "storage/qcow2/writer.h"

#define EXIT_LOST 3
#define SECTOR    512
#define SLICE     (100 * UINT64_C(1000)) /* ns: the shortest; a read of 4 KiB takes a fifth of it */

static volatile sig_atomic_t reader;
static volatile sig_atomic_t interrupted;

/* --- the process that reads ------------------------------------------------------------------------------ */

static int check_range(const struct args *args, uint64_t size, uint64_t *ret_length, struct err *err)
{
	if (args->offset > size)
		return err_set(err, ERANGE, "--offset: it has %llu bytes", (unsigned long long)size);
	*ret_length = args->cut ? args->length : size - args->offset;
	if (*ret_length > size - args->offset)
		return err_set(err, ERANGE, "--length: it has %llu bytes", (unsigned long long)size);
	return 0;
}

static int convert_disk(const struct args *args, int sock, struct chain *chain, struct err *err)
{
	autoclose int out = -1;
	uint64_t length = 0;

	if (chain_open(chain, broker_open, &sock, vet_layer, err) < 0 || confine_rest(err) < 0)
		return -err->code;
	if (check_range(args, chain->layer[0].size, &length, err) < 0 || broker_output(sock, &out, err) < 0)
		return -err->code;
	if (convert(chain, out, !str_eq(args->broker.output, "-"), args->progress, args->offset, length, err) < 0)
		return -err->code;
	return broker_keep(sock, err);
}

static int report(const struct args *args, const struct err *err)
{
	if (args->report >= 0) {
		(void)!write(args->report, err, sizeof *err);
		close(args->report);
	}
	if (!err->code)
		return EXIT_SUCCESS;
	fprintf(stderr, "mgr-qcow2: %s: %s\n", args->broker.disk, err->msg);
	return EXIT_FAILURE;
}

/* Of what a delta would stand on. */
static int describe_base(const struct args *args, const struct chain *chain, struct delta_base *ret, struct err *err)
{
	static const char *const formats[] = { [LAYER_QCOW2] = "qcow2", [LAYER_RAW] = "raw", [LAYER_DELTA] = "delta" };
	struct stat disk;

	if (fstat(chain->layer[0].fd, &disk) < 0)
		return err_sys(err, errno, "look at it");
	if (!S_ISREG(disk.st_mode))
		return err_set(err, EOPNOTSUPP, "it can stand on a file alone, and the disk is a device");
	str_print(ret->format, sizeof ret->format, "%s", formats[chain->layer[0].kind]);
	if (str_print(ret->path, sizeof ret->path, "%s", args->real) < 0)
		return err_set(err, ENAMETOOLONG, "the path of the disk is too long");
	ret->size = (uint64_t)disk.st_size;
	ret->seconds = disk.st_mtim.tv_sec;
	ret->nanoseconds = (uint32_t)disk.st_mtim.tv_nsec;
	ret->chain = chain_stamp(chain, 0);
	return 0;
}

static int open_delta(const struct args *args, int sock, const struct chain *chain, int *fd, struct writer **ret,
		      struct err *err)
{
	struct delta_base base = { 0 };
	struct stat delta;

	if (broker_delta(sock, fd, err) < 0 || hold_delta(*fd, true, err) < 0 || describe_base(args, chain, &base, err) < 0)
		return -err->code;
	if (fstat(*fd, &delta) < 0)
		return err_sys(err, errno, "look at it");
	*ret = writer_open(io_file(fd), (uint64_t)delta.st_size, chain->layer[0].size, &base, err);
	return *ret ? writer_grow(*ret, (args->size + SECTOR - 1) / SECTOR * SECTOR, err) : -err->code;
}

static int take_disk(const struct args *args, int sock, struct chain *chain, struct err *err)
{
	struct delta_base base = { 0 };
	int delta = -1;

	if (chain_open(chain, broker_open, &sock, vet_layer, err) < 0)
		return -err->code;
	if (broker_delta(sock, &delta, err) < 0 || hold_delta(delta, true, err) < 0 ||
	    describe_base(args, chain, &base, err) < 0 || confine_rest(err) < 0 ||
	    writer_take(io_file(&delta), chain->layer[0].size, &base, err) < 0)
		return err_wrap(err, "the delta '%s'", args->broker.delta);
	return 0;
}

/* Whoever runs on it hears of it by that (supervisor/failing.c); what is said at the end is longer. */
static void tell_first(void *data, const struct err *why)
{
	const struct args *args = data;
	char text[128];

	str_print(text, sizeof text, "lost a write: %s\n", strerror(why->code));
	if (args->status >= 0)
		(void)!pwrite(args->status, text, strlen(text), 0);
}

/* The exit code: did all that was written get where it belongs? */
static int tell_losses(const struct args *args, struct writer *writer)
{
	struct err err = { 0 };
	char text[128] = "ok\n";
	uint64_t lost = 0;

	if (writer) {
		writer_sync(writer, &err);
		lost = writer_lost(writer, &err);
	}
	if (lost)
		str_print(text, sizeof text, "lost %llu writes: %s\n", (unsigned long long)lost, strerror(err.code));
	if (args->status >= 0)
		(void)!pwrite(args->status, text, strlen(text), 0);
	if (lost)
		fprintf(stderr, "mgr-qcow2: %s: %s", args->broker.disk, text);
	return lost ? EXIT_LOST : EXIT_SUCCESS;
}

static int serve_disk(const struct args *args, int sock, struct chain *chain, struct err *err)
{
	static int delta = -1; /* as long as the process */
	struct writer *writer = NULL;
	struct serve *s;

	if (chain_open(chain, broker_open, &sock, vet_layer, err) < 0)
		return -err->code;
	if (args->broker.delta && open_delta(args, sock, chain, &delta, &writer, err) < 0)
		return err_wrap(err, "the delta '%s'", args->broker.delta);
	if (writer)
		writer_watch(writer, tell_first, (void *)(uintptr_t)args);
	s = serve_new(chain, writer, args->broker.fuse, err);
	if (!s || confine_rest(err) < 0 || broker_mount(sock, err) < 0)
		return -err->code;
	close(sock);
	str_print(err->msg, sizeof err->msg, "%" PRIx32, chain_stamp(chain, 1));
	report(args, err);
	serve_run(s);
	return tell_losses(args, writer);
}

static int read_disk(const struct args *args, int sock)
{
	static struct chain chain;
	const bool serves = !args->convert && !args->take;
	struct err err = { 0 };

	chain.raw = args->raw;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (confine_begin(serves, &err) < 0)
		return report(args, &err);
	if (serves) {
		int status = serve_disk(args, sock, &chain, &err);
		return status < 0 ? report(args, &err) : status;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0)
		(args->take ? take_disk : convert_disk)(args, sock, &chain, &err);
	chain_done(&chain);
	return report(args, &err);
}

/* --- the one that has the files -------------------------------------------------------------------------- */

static void end_reader(int signal)
{
	interrupted = signal;
	if (reader > 0)
		kill(reader, SIGKILL);
}

/* An interrupted one removes what it has made, too. */
static void heed_signals(void)
{
	const struct sigaction end = { .sa_handler = end_reader, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
}

static int tell_end(const struct args *args, int status)
{
	char text[48];

	if (interrupted)
		fprintf(stderr, "mgr-qcow2: %s: interrupted\n", args->broker.disk);
	else if (!WIFEXITED(status))
		fprintf(stderr, "mgr-qcow2: %s: the process that reads it ended with %s\n", args->broker.disk,
			proc_status_text(status, text));
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_convert(struct args *args, const int pair[2], struct err *err)
{
	int status;
	pid_t pid;

	heed_signals();
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "start the process that reads it");
	if (pid == 0) {
		close(pair[0]);
		_exit(read_disk(args, pair[1]));
	}
	reader = pid;
	close(pair[1]);
	broker_run(&args->broker, pair[0]);
	close(pair[0]);
	if (proc_wait(pid, CLOCK_NEVER, &status, err) < 0)
		return -err->code;
	return tell_end(args, status);
}

/* Whoever has a file system on it would lose that with it. So it goes last when memory is short, and does not wait for what
 * it has to write itself, as far as we may say so; and what somebody else has started, who waits for its report, is not
 * ended with that one's terminal. It does little for each of thousands of requests, and who reads waits for each: what it
 * waits for the processor is most of what these take on a busy machine. */
static void keep_on(const struct args *args)
{
	(void)sys_sched_slice(SLICE);
	(void)file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000", NULL);
	if (args->broker.delta)
		(void)prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	if (args->report < 0)
		return;
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
}

/* This process is the server; the other one is gone once it has mounted it. */
static int run_server(struct args *args, const int pair[2], struct err *err)
{
	pid_t pid;

	args->broker.fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (args->broker.fuse < 0)
		return err_sys(err, errno, "open '/dev/fuse'");
	signal(SIGCHLD, SIG_IGN);
	keep_on(args);
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "start the process that opens files");
	if (pid == 0) {
		close(pair[1]);
		broker_run(&args->broker, pair[0]);
		_exit(EXIT_SUCCESS);
	}
	close(pair[0]);
	return read_disk(args, pair[1]);
}

static int run(struct args *args, struct err *err)
{
	int pair[2];

	if (geteuid() != 0)
		return err_set(err, EPERM, "only root can read a disk in a place of its own");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	args->real = realpath(args->broker.disk, NULL);
	if (!args->real)
		return err_sys(err, errno, "open it");
	return args->convert || args->take ? run_convert(args, pair, err) : run_server(args, pair, err);
}

int main(int argc, char *argv[])
{
	struct args args = { .report = -1, .status = -1, .lock = -1 };
	struct err err = { 0 };
	int status;

	fd_fill_stdio();
	status = args_read(argc, argv, &args);
	if (status)
		return status < 0 ? EXIT_SUCCESS : status;
	status = run(&args, &err);
	if (status < 0)
		status = report(&args, &err);
	free(args.real);
	broker_done(&args.broker);
	return status;
}
