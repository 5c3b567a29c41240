/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define FUSE_USE_VERSION 312
#include "storage/qcow2/serve.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define WORKERS 4
#define STACK   ((size_t)128 << 10)
#define REQUEST ((size_t)1 << 20) /* bytes that are read at once, at most: 256 pages, the kernel's own limit */
#define DISK    "disk"
#define INO     (FUSE_ROOT_ID + 1)
#define FOREVER 1e9 /* seconds: nothing of it changes */

struct worker {
	struct serve *serve;
	struct chain_reader reader;
	struct fuse_buf request;
	char *bytes;
	_Alignas(4096) char stack[STACK]; /* here, so that it is held in memory with all the rest */
};

struct serve {
	struct fuse_session *session;
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
		st.st_mode = S_IFREG | 0400;
		st.st_size = (off_t)s->size;
		st.st_blocks = (blkcnt_t)(s->size / 512);
	}
	return st;
}

static void on_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	conn->max_write = (unsigned)REQUEST; /* for reading, too */
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
	if (ino != INO)
		fuse_reply_err(req, EISDIR);
	else if ((info->flags & O_ACCMODE) != O_RDONLY)
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

	(void)ino;
	(void)info;
	n = n < REQUEST ? n : REQUEST;
	if (chain_read(&self->reader, from, self->bytes, n, &err) < 0)
		fuse_reply_err(req, EIO); /* a damaged place is nothing else, whatever the reason */
	else
		fuse_reply_buf(req, self->bytes, n);
}

static const struct fuse_lowlevel_ops ops = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.readdir = on_readdir,
	.open = on_open,
	.read = on_read,
};

struct serve *serve_new(const struct chain *chain, int fuse, struct err *err)
{
	static struct serve s; /* one a process */
	char *argv[] = { (char[]){ "mgr-qcow2" }, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char path[32];

	s.size = chain->layer[0].size;
	for (size_t i = 0; i < WORKERS; i++) {
		s.worker[i].serve = &s;
		s.worker[i].bytes = malloc(REQUEST);
		if (!s.worker[i].bytes || chain_reader_init(&s.worker[i].reader, chain, err) < 0) {
			err_nomem(err);
			return NULL;
		}
	}
	s.session = fuse_session_new(&args, &ops, sizeof ops, &s);
	if (!s.session || str_print(path, sizeof path, "/dev/fd/%d", fuse) < 0 || fuse_session_mount(s.session, path) != 0) {
		err_set(err, EIO, "libfuse does not take the connection");
		return NULL;
	}
	if (mlockall(MCL_CURRENT) < 0) {
		err_sys(err, errno, "hold its memory");
		return NULL;
	}
	return &s;
}

static void *work(void *data)
{
	self = data;
	struct fuse_session *session = self->serve->session;

	while (!fuse_session_exited(session)) {
		int r = fuse_session_receive_buf(session, &self->request);
		if (r == -EINTR || r == -EAGAIN)
			continue;
		if (r <= 0)
			break;
		fuse_session_process_buf(session, &self->request);
	}
	fuse_session_exit(session);
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
