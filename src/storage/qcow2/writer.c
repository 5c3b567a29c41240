/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define PAGES_MOST (DELTA_MAP_MOST / DELTA_PAGE)
#define STAGE      64 /* pages of the map, of 128 MiB of the disk each, that are written at once */

struct writer {
	struct io io;
	struct delta_header h;
	bool fresh; /* it has just been made */
	/* Whole blocks are written side by side; what reads, adds to it and writes back is alone, or it would put old bytes
	 * above what another one writes. */
	pthread_rwlock_t blocks;
	char *block;              /* room for one, of who is alone */
	unsigned char *map;       /* what is in the file */
	pthread_mutex_t changes;  /* of these two */
	bool changed[PAGES_MOST]; /* pages of the map that the file does not have */
	pthread_mutex_t syncing;  /* of what follows */
	bool failed;              /* a sync has */
	size_t n;                 /* staged pages: as they were before the data that they tell of was synced */
	uint32_t number[STAGE];
	unsigned char staged[STAGE][DELTA_PAGE];
	pthread_mutex_t counting;
	uint64_t lost;
	void (*tell)(void *data, const struct err *why);
	void *tell_data;
	struct err why;
};

/* --- the map --------------------------------------------------------------------------------------------- */

static bool is_there(const struct writer *w, uint64_t block)
{
	return __atomic_load_n(&w->map[block / 8], __ATOMIC_ACQUIRE) >> block % 8 & 1;
}

/* How much, of *length bytes from `offset` on, is alike: in the delta, or not. */
static bool find_run(const struct writer *w, uint64_t offset, uint64_t *length)
{
	uint64_t block = offset / w->h.block, bytes = w->h.block - offset % w->h.block;
	const bool there = is_there(w, block);

	while (bytes < *length && is_there(w, ++block) == there)
		bytes += w->h.block;
	*length = *length < bytes ? *length : bytes;
	return there;
}

/* When their bytes are in the file. */
static void set_there(struct writer *w, uint64_t first, uint64_t n)
{
	pthread_mutex_lock(&w->changes);
	for (uint64_t b = first; b < first + n; b++) {
		const unsigned char byte = w->map[b / 8], more = (unsigned char)(byte | 1U << b % 8);
		if (byte == more)
			continue;
		__atomic_store_n(&w->map[b / 8], more, __ATOMIC_RELEASE);
		w->changed[b / 8 / DELTA_PAGE] = true;
	}
	pthread_mutex_unlock(&w->changes);
}

/* --- opening --------------------------------------------------------------------------------------------- */

static int write_header(const struct io *io, const struct delta_header *h, struct err *err)
{
	char page[DELTA_PAGE];
	int r;

	delta_header_write(h, page);
	r = io->write(io->data, page, sizeof page, 0);
	if (r == 0)
		r = io->sync(io->data);
	return r < 0 ? err_sys(err, -r, "write its header") : 0;
}

static int make(struct writer *w, uint64_t size, const struct delta_base *base, struct err *err)
{
	return delta_header_make(&w->h, size, base, err) < 0 ? -err->code : write_header(&w->io, &w->h, err);
}

static int read_header(const struct io *io, struct delta_header *ret, struct err *err)
{
	char page[DELTA_PAGE];
	int r = io->read(io->data, page, sizeof page, 0);

	if (r < 0)
		return err_sys(err, -r, "read its header");
	return delta_header_read(page, ret, err);
}

static int check_size(const struct delta_header *h, uint64_t size, struct err *err)
{
	return h->size >= size ? 0 : err_set(err, EINVAL, "it is of a disk of %llu bytes", (unsigned long long)h->size);
}

static int load(struct writer *w, uint64_t size, const struct delta_base *base, struct err *err)
{
	const struct stat now = {
		.st_size = (off_t)base->size,
		.st_mtim = { .tv_sec = base->seconds, .tv_nsec = base->nanoseconds },
	};

	if (read_header(&w->io, &w->h, err) < 0)
		return -err->code;
	if (delta_check_base(&w->h, &now, err) < 0)
		return err_wrap(err, "what it stands on, '%s'", base->path);
	if (w->h.base.chain != base->chain)
		return err_set(err, ESTALE, "what is below '%s' has changed since the delta was made on it", base->path);
	return check_size(&w->h, size, err);
}

static bool is_base(const struct delta_base *a, const struct delta_base *b)
{
	return str_eq(a->path, b->path) && str_eq(a->format, b->format) && a->size == b->size && a->seconds == b->seconds &&
	       a->nanoseconds == b->nanoseconds && a->chain == b->chain;
}

int writer_take(struct io io, uint64_t size, const struct delta_base *base, struct err *err)
{
	struct delta_header h;

	if (read_header(&io, &h, err) < 0 || check_size(&h, size, err) < 0)
		return -err->code;
	if (is_base(&h.base, base)) /* a delta that others stand on is not to look changed */
		return 0;
	h.base = *base;
	return write_header(&io, &h, err);
}

static int load_map(struct writer *w, uint64_t file_size, struct err *err)
{
	const uint64_t end = w->h.data + w->h.size;
	int r = 0;

	w->map = calloc(1, w->h.map_bytes + 1);
	w->block = calloc(1, w->h.block);
	if (!w->map || !w->block)
		return err_nomem(err);
	if (file_size > DELTA_PAGE && file_size < end)
		return err_set(err, EINVAL, "it is cut short: it has %llu bytes", (unsigned long long)file_size);
	if (file_size < end && ((r = w->io.resize(w->io.data, end)) < 0 || (r = w->io.sync(w->io.data)) < 0))
		return err_sys(err, -r, "make it");
	r = w->io.read(w->io.data, w->map, w->h.map_bytes, DELTA_PAGE);
	if (r < 0)
		return err_sys(err, -r, "read its map");
	return 0;
}

struct writer *writer_open(struct io io, uint64_t file_size, uint64_t size, const struct delta_base *base, struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);
	pthread_rwlockattr_t attr;

	if (!w) {
		err_nomem(err);
		return NULL;
	}
	w->io = io;
	w->fresh = file_size <= DELTA_PAGE;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&w->blocks, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&w->changes, NULL);
	pthread_mutex_init(&w->syncing, NULL);
	pthread_mutex_init(&w->counting, NULL);
	if ((w->fresh ? make : load)(w, size, base, err) == 0 && load_map(w, file_size, err) == 0)
		return w;
	writer_free(w);
	return NULL;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	free(w->map);
	free(w->block);
	pthread_rwlock_destroy(&w->blocks);
	pthread_mutex_destroy(&w->changes);
	pthread_mutex_destroy(&w->syncing);
	pthread_mutex_destroy(&w->counting);
	free(w);
}

uint64_t writer_size(const struct writer *w)
{
	return w->h.size;
}

/* The header is the last to tell of it. */
static int lengthen(struct writer *w, const struct delta_header *h)
{
	char page[DELTA_PAGE];
	int r = w->io.resize(w->io.data, h->data + h->size);

	delta_header_write(h, page);
	if (r == 0)
		r = w->io.sync(w->io.data);
	if (r == 0)
		r = w->io.write(w->io.data, page, sizeof page, 0);
	return r < 0 ? r : w->io.sync(w->io.data);
}

int writer_grow(struct writer *w, uint64_t size, struct err *err)
{
	struct delta_header h;
	unsigned char *map;
	int r;

	if (size <= w->h.size)
		return 0;
	if (delta_header_make(&h, size, &w->h.base, err) < 0)
		return -err->code;
	if (!w->fresh && (h.block != w->h.block || h.data != w->h.data))
		return err_set(err, EFBIG, "what it has would have to be moved for so large a one");
	map = calloc(1, h.map_bytes + 1);
	if (!map)
		return err_nomem(err);
	if (!w->fresh) /* else there is nothing in it, and larger blocks want a smaller one */
		memcpy(map, w->map, w->h.map_bytes);
	free(w->map);
	w->map = map;
	free(w->block);
	w->block = calloc(1, h.block);
	if (!w->block)
		return err_nomem(err);
	r = lengthen(w, &h);
	if (r < 0)
		return err_sys(err, -r, "make it larger");
	w->h = h;
	return 0;
}

/* --- losses ---------------------------------------------------------------------------------------------- */

static int lose(struct writer *w, struct err *err)
{
	pthread_mutex_lock(&w->counting);
	if (w->lost++ == 0) {
		w->why = *err;
		if (w->tell)
			w->tell(w->tell_data, err);
	}
	pthread_mutex_unlock(&w->counting);
	return -err->code;
}

void writer_watch(struct writer *w, void (*tell)(void *data, const struct err *why), void *data)
{
	w->tell = tell;
	w->tell_data = data;
}

uint64_t writer_lost(struct writer *w, struct err *err)
{
	uint64_t lost;

	pthread_mutex_lock(&w->counting);
	lost = w->lost;
	*err = w->why;
	pthread_mutex_unlock(&w->counting);
	return lost;
}

/* --- reading and writing --------------------------------------------------------------------------------- */

int writer_read(struct writer *w, struct chain_reader *below, uint64_t offset, void *bytes, size_t n, struct err *err)
{
	for (char *to = bytes; n > 0;) {
		uint64_t length = n;
		int r;
		if (find_run(w, offset, &length))
			r = w->io.read(w->io.data, to, length, w->h.data + offset);
		else if (chain_read(below, offset, to, length, err) < 0)
			return -err->code;
		else
			r = 0;
		if (r < 0)
			return err_sys(err, -r, "read");
		to += length;
		offset += length;
		n -= length;
	}
	return 0;
}

/* Bytes, or zeros where there are none. */
static int put(struct writer *w, uint64_t offset, const void *bytes, uint64_t n)
{
	return bytes ? w->io.write(w->io.data, bytes, n, w->h.data + offset) : w->io.zero(w->io.data, w->h.data + offset, n);
}

/* From where a block begins to where one ends. */
static int write_blocks(struct writer *w, uint64_t offset, const void *bytes, uint64_t n)
{
	int r;

	pthread_rwlock_rdlock(&w->blocks);
	r = put(w, offset, bytes, n);
	if (r == 0)
		set_there(w, offset / w->h.block, (n + w->h.block - 1) / w->h.block);
	pthread_rwlock_unlock(&w->blocks);
	return r;
}

/* Within one block: what there is around it comes from below, the first time. */
static int write_part(struct writer *w, struct chain_reader *below, uint64_t offset, const void *bytes, uint64_t n,
		      struct err *err)
{
	const uint64_t number = offset / w->h.block, start = number * w->h.block;
	const uint64_t length = w->h.size - start < w->h.block ? w->h.size - start : w->h.block;
	int r = 0;

	if (is_there(w, number))
		return put(w, offset, bytes, n);
	pthread_rwlock_wrlock(&w->blocks);
	if (is_there(w, number))
		r = put(w, offset, bytes, n);
	else if (chain_read(below, start, w->block, length, err) == 0) {
		if (bytes)
			memcpy(w->block + (offset - start), bytes, n);
		else
			memset(w->block + (offset - start), 0, n);
		r = put(w, start, w->block, length);
		if (r == 0)
			set_there(w, number, 1);
	}
	pthread_rwlock_unlock(&w->blocks);
	return r;
}

/* What begins or ends within a block by itself, and all between. bytes NULL: zeros. */
static int change(struct writer *w, struct chain_reader *below, uint64_t offset, const char *bytes, uint64_t n,
		  struct err *err)
{
	while (n > 0) {
		const uint64_t in_block = offset % w->h.block, left = w->h.block - in_block;
		uint64_t length = n;
		int r;
		if (in_block || (n < w->h.block && offset + n < w->h.size)) {
			length = n < left ? n : left;
			r = write_part(w, below, offset, bytes, length, err);
		} else {
			if (offset + n < w->h.size)
				length = n - n % w->h.block;
			r = write_blocks(w, offset, bytes, length);
		}
		if (r < 0)
			err_sys(err, -r, "write");
		if (err->code)
			return lose(w, err);
		bytes = bytes ? bytes + length : NULL;
		offset += length;
		n -= length;
	}
	return 0;
}

int writer_write(struct writer *w, struct chain_reader *below, uint64_t offset, const void *bytes, size_t n, struct err *err)
{
	return change(w, below, offset, bytes, n, err);
}

int writer_zero(struct writer *w, struct chain_reader *below, uint64_t offset, uint64_t length, struct err *err)
{
	return change(w, below, offset, NULL, length, err);
}

/* --- syncing --------------------------------------------------------------------------------------------- */

/* Bits that are set from here on are the next sync's: what they tell of may not be in this one. false: no page has changed
 * from *page on, which becomes the one to go on from. */
static bool stage(struct writer *w, uint32_t *page)
{
	w->n = 0;
	pthread_mutex_lock(&w->changes);
	for (; *page < w->h.map_bytes / DELTA_PAGE && w->n < STAGE; ++*page) {
		if (!w->changed[*page])
			continue;
		memcpy(w->staged[w->n], w->map + (size_t)*page * DELTA_PAGE, DELTA_PAGE);
		w->number[w->n++] = *page;
		w->changed[*page] = false;
	}
	pthread_mutex_unlock(&w->changes);
	return w->n > 0;
}

static int write_map(struct writer *w)
{
	int r = 0;

	for (size_t i = 0; i < w->n && r == 0; i++)
		r = w->io.write(w->io.data, w->staged[i], DELTA_PAGE, DELTA_PAGE * (UINT64_C(1) + w->number[i]));
	return r;
}

/* Data, then what of the map tells of it, as often as it takes; and at last the map. */
static int sync_all(struct writer *w)
{
	uint32_t page = 0;
	bool more = stage(w, &page);
	int r = w->io.sync(w->io.data);

	while (r == 0 && more) {
		r = write_map(w);
		more = stage(w, &page);
		if (r == 0)
			r = w->io.sync(w->io.data);
	}
	return r;
}

int writer_sync(struct writer *w, struct err *err)
{
	int r = -EIO;

	pthread_mutex_lock(&w->syncing);
	if (!w->failed) {
		r = sync_all(w);
		w->failed = r < 0;
	}
	pthread_mutex_unlock(&w->syncing);
	if (r == 0)
		return 0;
	err_sys(err, -r, "sync");
	return lose(w, err);
}
