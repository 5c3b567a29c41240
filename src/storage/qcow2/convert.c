/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/convert.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define WORKERS 4
#define STACK   ((size_t)128 << 10)
#define CHUNK   (UINT64_C(1) << HEADER_MOST) /* of the disk, so that each cluster is in one alone */
#define BLOCK   ((size_t)4 << 10)            /* a hole has at least so many bytes */

struct job {
	const struct chain *chain;
	int out;
	bool sparse; /* any order, and holes; else one behind the other */
	uint64_t offset, end;
	pthread_mutex_t lock;
	pthread_cond_t turned;
	uint64_t next; /* chunk, by its number, that nobody has begun */
	uint64_t turn; /* chunk that is to be written, unless sparse */
	bool tell;
	uint64_t done;    /* bytes */
	unsigned percent; /* that has been told */
	struct err err;
};

static bool is_zero(const char *bytes, size_t n)
{
	return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

static int write_at(int out, const char *bytes, size_t n, uint64_t offset, struct err *err)
{
	while (n > 0) {
		ssize_t r = pwrite(out, bytes, n, (off_t)offset);
		if (r < 0 && errno != EINTR)
			return err_sys(err, errno, "write");
		if (r > 0) {
			bytes += r;
			offset += (uint64_t)r;
			n -= (size_t)r;
		}
	}
	return 0;
}

/* Runs of blocks that are not zeros. */
static int write_sparse(const struct job *job, const char *bytes, size_t n, uint64_t offset, struct err *err)
{
	for (size_t at = 0, end; at < n; at = end) {
		end = at;
		while (end < n && !is_zero(bytes + end, n - end < BLOCK ? n - end : BLOCK))
			end = n - end < BLOCK ? n : end + BLOCK;
		if (write_at(job->out, bytes + at, end - at, offset + at - job->offset, err) < 0)
			return -err->code;
		while (end < n && is_zero(bytes + end, n - end < BLOCK ? n - end : BLOCK))
			end = n - end < BLOCK ? n : end + BLOCK;
	}
	return 0;
}

/* What the tables do not have is not even read. */
static int copy_sparse(struct job *job, struct chain_reader *r, char *bytes, uint64_t from, uint64_t to, struct err *err)
{
	while (from < to) {
		uint64_t length = to - from;
		int zero = chain_is_zero(r, from, &length, err);
		if (zero < 0)
			return zero;
		if (!zero &&
		    (chain_read(r, from, bytes, length, err) < 0 || write_sparse(job, bytes, length, from, err) < 0))
			return -err->code;
		from += length;
	}
	return 0;
}

/* false: somebody has failed. */
static bool wait_turn(struct job *job, uint64_t chunk)
{
	bool go;

	pthread_mutex_lock(&job->lock);
	while (job->turn != chunk && !job->err.code)
		pthread_cond_wait(&job->turned, &job->lock);
	go = !job->err.code;
	pthread_mutex_unlock(&job->lock);
	return go;
}

static void end_turn(struct job *job)
{
	pthread_mutex_lock(&job->lock);
	job->turn++;
	pthread_cond_broadcast(&job->turned);
	pthread_mutex_unlock(&job->lock);
}

static int copy_in_turn(struct job *job, struct chain_reader *r, char *bytes, uint64_t chunk, uint64_t from, uint64_t to,
			struct err *err)
{
	int written;

	if (chain_read(r, from, bytes, to - from, err) < 0)
		return -err->code;
	if (!wait_turn(job, chunk))
		return 0;
	written = file_write_all(job->out, bytes, to - from);
	end_turn(job);
	return written < 0 ? err_sys(err, -written, "write") : 0;
}

static bool take_chunk(struct job *job, uint64_t *ret)
{
	pthread_mutex_lock(&job->lock);
	*ret = job->next++;
	const bool more = !job->err.code && *ret * CHUNK < job->end;
	pthread_mutex_unlock(&job->lock);
	return more;
}

static void fail(struct job *job, const struct err *err)
{
	pthread_mutex_lock(&job->lock);
	if (!job->err.code)
		job->err = *err;
	pthread_cond_broadcast(&job->turned);
	pthread_mutex_unlock(&job->lock);
}

static void tell(struct job *job, uint64_t bytes)
{
	const uint64_t total = job->end - job->offset;

	pthread_mutex_lock(&job->lock);
	job->done += bytes;
	const unsigned percent = (unsigned)(job->done / (total / 100 + 1));
	if (percent != job->percent || job->done == total)
		dprintf(STDERR_FILENO, "progress %llu %llu\n", (unsigned long long)job->done, (unsigned long long)total);
	job->percent = percent;
	pthread_mutex_unlock(&job->lock);
}

static void *work(void *data)
{
	struct job *job = data;
	autocall(chain_reader_done) struct chain_reader r = { 0 };
	autofree char *bytes = malloc(CHUNK);
	struct err err = { 0 };
	uint64_t chunk;
	int done = bytes ? chain_reader_init(&r, job->chain, &err) : err_nomem(&err);

	while (done >= 0 && take_chunk(job, &chunk)) {
		const uint64_t from = chunk * CHUNK < job->offset ? job->offset : chunk * CHUNK;
		const uint64_t to = (chunk + 1) * CHUNK < job->end ? (chunk + 1) * CHUNK : job->end;
		done = job->sparse ? copy_sparse(job, &r, bytes, from, to, &err)
				   : copy_in_turn(job, &r, bytes, chunk, from, to, &err);
		if (job->tell && done >= 0)
			tell(job, to - from);
	}
	if (done < 0)
		fail(job, &err);
	return NULL;
}

/* One that could not be started is one less. */
static void work_together(struct job *job)
{
	pthread_t worker[WORKERS - 1];
	pthread_attr_t attr;
	size_t n = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	while (n < WORKERS - 1 && pthread_create(&worker[n], &attr, work, job) == 0)
		n++;
	pthread_attr_destroy(&attr);
	work(job);
	while (n > 0)
		pthread_join(worker[--n], NULL);
}

int convert(const struct chain *chain, int out, bool sparse, bool tells, uint64_t offset, uint64_t length, struct err *err)
{
	struct job job = {
		.chain = chain,
		.out = out,
		.offset = offset,
		.end = offset + length,
		.tell = tells,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turned = PTHREAD_COND_INITIALIZER,
		.next = offset / CHUNK,
		.turn = offset / CHUNK,
	};
	struct stat st;

	if (fstat(out, &st) < 0)
		return err_sys(err, errno, "look at the output");
	job.sparse = sparse && S_ISREG(st.st_mode);
	if (job.sparse && (ftruncate(out, 0) < 0 || ftruncate(out, (off_t)length) < 0))
		return err_sys(err, errno, "make the output %llu bytes long", (unsigned long long)length);
	work_together(&job);
	if (!job.err.code && S_ISREG(st.st_mode) && fsync(out) < 0)
		err_sys(&job.err, errno, "write");
	if (job.err.code)
		*err = job.err;
	return -job.err.code;
}
