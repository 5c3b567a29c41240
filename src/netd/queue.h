/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets that the kernel keeps for us until we say what becomes of them (NFQUEUE). They are dropped when the queue ends. */
#ifndef MGR_NETD_QUEUE_H
#define MGR_NETD_QUEUE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

struct queue;

/* One that waits. IPv4 addresses as ::ffff:A.B.C.D, ports in host byte order. */
struct queue_packet {
	uint32_t id;
	uint8_t proto;
	struct in6_addr from, to;
	uint16_t from_port, port;
	int by; /* the interface that it came in by; 0: the host itself has sent it */
};

typedef void queue_fn(void *data, const struct queue_packet *packet);

/* wish: the number that it is to have; when others have that one, the next free one. NULL with err. */
struct queue *queue_new(struct loop *loop, uint16_t wish, queue_fn *fn, void *data, struct err *err);
/* Takes NULL. */
void queue_free(struct queue *queue);
uint16_t queue_number(const struct queue *queue);

/* It goes on its way, or is dropped. */
void queue_decide(struct queue *queue, uint32_t id, bool pass);

/* What the head of a packet says; the rest is left alone. -EBADMSG when it is not whole or has no ports. */
int queue_parse(const uint8_t *bytes, size_t n, struct queue_packet *ret);

#endif
