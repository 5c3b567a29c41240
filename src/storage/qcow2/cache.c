/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/cache.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS_MOST 256 /* all are looked at */

struct slot {
	const void *file; /* NULL: nothing is there */
	uint64_t offset;
	uint64_t used; /* when, in turns */
	unsigned users;
	bool ready;
};

struct cache {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a slot has become ready, empty, or nobody's */
	size_t cluster, n;
	uint64_t turn;
	char *bytes;
	struct slot slot[SLOTS_MOST];
};

struct cache *cache_new(size_t cluster)
{
	struct cache *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->cluster = cluster;
	c->n = CACHE_BYTES / cluster < SLOTS_MOST ? CACHE_BYTES / cluster : SLOTS_MOST;
	c->bytes = malloc(c->n * cluster);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (c->bytes)
		return c;
	cache_free(c);
	return NULL;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
	free(c->bytes);
	free(c);
}

/* The slot that has it, or else the one that is to, or NULL: all are in use. */
static struct slot *choose(struct cache *c, const void *file, uint64_t offset)
{
	struct slot *oldest = NULL;

	for (struct slot *s = c->slot; s < c->slot + c->n; s++) {
		if (s->file == file && s->offset == offset)
			return s;
		if (s->users == 0 && (!oldest || s->used < oldest->used))
			oldest = s;
	}
	return oldest;
}

void *cache_get(struct cache *c, const void *file, uint64_t offset, bool *ret_empty)
{
	struct slot *s;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		s = choose(c, file, offset);
		if (s && (s->file != file || s->offset != offset || s->ready))
			break;
		pthread_cond_wait(&c->changed, &c->lock);
	}
	*ret_empty = s->file != file || s->offset != offset;
	if (*ret_empty)
		*s = (struct slot){ .file = file, .offset = offset };
	s->users++;
	s->used = ++c->turn;
	pthread_mutex_unlock(&c->lock);
	return c->bytes + (size_t)(s - c->slot) * c->cluster;
}

void cache_put(struct cache *c, const void *bytes, bool good)
{
	struct slot *s = &c->slot[(size_t)((const char *)bytes - c->bytes) / c->cluster];

	pthread_mutex_lock(&c->lock);
	s->users--;
	s->ready = good;
	if (!good)
		s->file = NULL;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}
