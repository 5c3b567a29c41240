/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define FUSE_USE_VERSION 312
#include "storage/qcow2/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define WORKERS 4
#define STACK   ((size_t)128 << 10)
#define LONGEST ((size_t)256 << 10) /* bytes that are read or written at once; more are no faster */
#define REQUEST (LONGEST + 4096)    /* one with that many, as it comes */
#define UNIT    4096                /* what is discarded is in whole ones of these */
#define DISK    "disk"
#define INO     (FUSE_ROOT_ID + 1)
#define FOREVER 1e9 /* seconds: nothing of it changes */

struct worker {
	struct serve *serve;
	struct chain_reader reader;
	char *request, *bytes;
	_Alignas(4096) char stack[STACK]; /* here, so that it is held in memory with all the rest */
};

struct serve {
	struct fuse_session *session;
	int fuse;
	struct writer *writer;
	uint64_t size;
	struct worker worker[WORKERS];
};

/* Whose request it is: libfuse hands its functions nothing of ours but what all threads share. */
static __thread struct worker *self;

static struct stat describe(const struct serve *s, fuse_ino_t ino)
{
	struct stat st = { .st_ino = ino, .st_nlink = 2, .st_mode = S_IFDIR | 0500 };

	if (ino == INO) {
		st.st_nlink = 1;
		st.st_mode = S_IFREG | (s->writer ? 0600 : 0400);
		st.st_size = (off_t)s->size;
		st.st_blocks = (blkcnt_t)(s->size / 512);
	}
	return st;
}

static void on_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	conn->max_write = (unsigned)LONGEST; /* for reading, too */
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .ino = INO, .attr_timeout = FOREVER, .entry_timeout = FOREVER };

	if (parent != FUSE_ROOT_ID || !str_eq(name, DISK)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	e.attr = describe(fuse_req_userdata(req), INO);
	fuse_reply_entry(req, &e);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	const struct stat st = describe(fuse_req_userdata(req), ino);

	(void)info;
	fuse_reply_attr(req, &st, FOREVER);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	static const char *const names[] = { ".", "..", DISK };
	char bytes[256];
	size_t n = 0;

	(void)info;
	for (off_t i = offset; ino == FUSE_ROOT_ID && i < (off_t)ARRAY_SIZE(names); i++) {
		const struct stat st = describe(fuse_req_userdata(req), i == 2 ? INO : FUSE_ROOT_ID);
		n += fuse_add_direntry(req, bytes + n, sizeof bytes - n, names[i], &st, i + 1);
	}
	fuse_reply_buf(req, bytes, n < size ? n : 0);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	const struct serve *s = fuse_req_userdata(req);

	if (ino != INO)
		fuse_reply_err(req, EISDIR);
	else if (!s->writer && (info->flags & O_ACCMODE) != O_RDONLY)
		fuse_reply_err(req, EROFS);
	else {
		info->keep_cache = 1;
		fuse_reply_open(req, info);
	}
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	const struct serve *s = fuse_req_userdata(req);
	const uint64_t from = (uint64_t)offset, left = from < s->size ? s->size - from : 0;
	struct err err = { 0 };
	size_t n = size < left ? size : (size_t)left;
	int r;

	(void)ino;
	(void)info;
	n = n < LONGEST ? n : LONGEST;
	if (s->writer)
		r = writer_read(s->writer, &self->reader, from, self->bytes, n, &err);
	else
		r = chain_read(&self->reader, from, self->bytes, n, &err);
	if (r < 0)
		fuse_reply_err(req, EIO); /* a damaged place is nothing else, whatever the reason */
	else
		fuse_reply_buf(req, self->bytes, n);
}

/* 0, or why not. */
static int check_write(const struct serve *s, off_t offset, uint64_t n)
{
	if (!s->writer)
		return EROFS;
	return offset < 0 || (uint64_t)offset > s->size || n > s->size - (uint64_t)offset ? EFBIG : 0;
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t n, off_t offset, struct fuse_file_info *info)
{
	const struct serve *s = fuse_req_userdata(req);
	struct err err = { 0 };
	int r = check_write(s, offset, n);

	(void)ino;
	(void)info;
	if (r)
		fuse_reply_err(req, r);
	else if (writer_write(s->writer, &self->reader, (uint64_t)offset, bytes, n, &err) < 0)
		fuse_reply_err(req, err.code);
	else
		fuse_reply_write(req, n);
}

static void on_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *info)
{
	const struct serve *s = fuse_req_userdata(req);
	struct err err = { 0 };
	int r = check_write(s, offset, (uint64_t)length);

	(void)ino;
	(void)info;
	if (!(mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
		r = EOPNOTSUPP;
	if (!r)
		r = -writer_zero(s->writer, &self->reader, (uint64_t)offset, (uint64_t)length, &err);
	fuse_reply_err(req, r);
}

static void on_fsync(fuse_req_t req, fuse_ino_t ino, int data_alone, struct fuse_file_info *info)
{
	const struct serve *s = fuse_req_userdata(req);
	struct err err = { 0 };

	(void)ino;
	(void)data_alone;
	(void)info;
	fuse_reply_err(req, s->writer ? -writer_sync(s->writer, &err) : 0);
}

/* A loop device discards in units of what this says. */
static void on_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct serve *s = fuse_req_userdata(req);
	const struct statvfs st = {
		.f_bsize = UNIT, .f_frsize = UNIT, .f_blocks = s->size / UNIT, .f_files = 2, .f_namemax = 255
	};

	(void)ino;
	fuse_reply_statfs(req, &st);
}

static const struct fuse_lowlevel_ops ops = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.readdir = on_readdir,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.fallocate = on_fallocate,
	.fsync = on_fsync,
	.statfs = on_statfs,
};

struct serve *serve_new(const struct chain *chain, struct writer *writer, int fuse, struct err *err)
{
	static struct serve s; /* one a process */
	char *argv[] = { (char[]){ "mgr-qcow2" }, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char path[32];

	s.fuse = fuse;
	s.writer = writer;
	s.size = writer ? writer_size(writer) : chain->layer[0].size;
	for (size_t i = 0; i < WORKERS; i++) {
		s.worker[i].serve = &s;
		s.worker[i].bytes = malloc(LONGEST);
		s.worker[i].request = malloc(REQUEST);
		if (!s.worker[i].bytes || !s.worker[i].request || chain_reader_init(&s.worker[i].reader, chain, err) < 0) {
			err_nomem(err);
			return NULL;
		}
	}
	s.session = fuse_session_new(&args, &ops, sizeof ops, &s);
	if (!s.session || str_print(path, sizeof path, "/dev/fd/%d", fuse) < 0 || fuse_session_mount(s.session, path) != 0) {
		err_set(err, EIO, "libfuse does not take the connection");
		return NULL;
	}
	/* Who frees memory may wait for what is written, and so for memory of this process, which has all that it will ever
	 * need; one that only reads is waited for by nobody but who reads, and holds what it has used. */
	if (mlockall(MCL_CURRENT | (writer ? 0 : MCL_ONFAULT)) < 0) {
		err_sys(err, errno, "hold its memory");
		return NULL;
	}
	return &s;
}

/* Not by libfuse's own way to receive: it would allocate. */
static void *work(void *data)
{
	self = data;
	const struct serve *s = self->serve;

	while (!fuse_session_exited(s->session)) {
		const ssize_t n = read(s->fuse, self->request, REQUEST);
		if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) /* the last: it was interrupted */
			continue;
		if (n <= 0)
			break;
		const struct fuse_buf request = { .mem = self->request, .size = (size_t)n };
		fuse_session_process_buf(s->session, &request);
	}
	fuse_session_exit(s->session);
	return NULL;
}

void serve_run(struct serve *s)
{
	pthread_t thread[WORKERS];
	size_t n = 1;

	for (; n < WORKERS; n++) {
		pthread_attr_t attr;
		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, s->worker[n].stack, STACK);
		int r = pthread_create(&thread[n], &attr, work, &s->worker[n]);
		pthread_attr_destroy(&attr);
		if (r != 0)
			break;
	}
	work(&s->worker[0]);
	while (n-- > 1)
		pthread_join(thread[n], NULL);
}
