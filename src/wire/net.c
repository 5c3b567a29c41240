/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define TEXT_ENDS(a) (memchr((a), '\0', sizeof(a)) != NULL)

/* --- one of ours ------------------------------------------------------------------------------------------------------ */

static size_t length(const struct wire_net_join *join)
{
	return join->head + (size_t)join->forward * join->n_forwards + (size_t)join->nic * join->n_nics +
	       (size_t)join->item * join->n_items;
}

struct wire_net_join *wire_join_new(size_t forwards, size_t nics, size_t items, size_t *ret_len, struct err *err)
{
	const struct wire_net_join head = {
		.head = sizeof head,
		.forward = sizeof(struct wire_forward),
		.n_forwards = (uint32_t)forwards,
		.nic = sizeof(struct wire_net_nic),
		.n_nics = (uint32_t)nics,
		.item = sizeof(struct wire_net_item),
		.n_items = (uint32_t)items,
	};
	struct wire_net_join *join;

	*ret_len = length(&head);
	join = calloc(1, *ret_len);
	if (join)
		*join = head;
	else
		err_nomem(err);
	return join;
}

struct wire_net_nic *wire_join_nics(const struct wire_net_join *join)
{
	return (void *)(uintptr_t)(join->forwards + join->n_forwards);
}

struct wire_net_item *wire_join_items(const struct wire_net_join *join)
{
	return (void *)(wire_join_nics(join) + join->n_nics);
}

/* Bytes behind the forwards. */
static size_t behind(const struct wire_net_join *join)
{
	return join->n_nics * sizeof(struct wire_net_nic) + join->n_items * sizeof(struct wire_net_item);
}

bool wire_join_wakes(const struct wire_net_join *join)
{
	for (uint32_t i = 0; i < join->n_forwards; i++)
		if (join->forwards[i].flags & WIRE_FORWARD_WAKE)
			return true;
	return false;
}

int wire_join_add_forward(struct wire_net_join **at, size_t *len, const struct wire_forward *forward)
{
	struct wire_net_join *join = realloc(*at, *len + sizeof *forward);
	struct wire_forward *to;

	if (!join)
		return -ENOMEM;
	*at = join;
	to = join->forwards + join->n_forwards;
	memmove(to + 1, to, behind(join));
	*to = *forward;
	join->n_forwards++;
	*len += sizeof *forward;
	return 0;
}

void wire_join_del_forward(struct wire_net_join *join, size_t *len, uint32_t i)
{
	struct wire_forward *from = join->forwards + i;

	memmove(from, from + 1, (join->n_forwards - i - 1) * sizeof *from + behind(join));
	join->n_forwards--;
	*len -= sizeof *from;
}

/* Bytes of each forward when it is sent. */
static uint32_t forward_stride(const struct wire_net_join *join)
{
	for (uint32_t i = 0; i < join->n_forwards; i++)
		if (join->forwards[i].path[0])
			return sizeof join->forwards[i];
	return offsetof(struct wire_forward, path);
}

size_t wire_join_packed(const struct wire_net_join *join)
{
	struct wire_net_join head = *join;

	head.forward = forward_stride(join);
	return length(&head);
}

size_t wire_join_pack(const struct wire_net_join *join, void *to, size_t room)
{
	struct wire_net_join head = *join;
	uint8_t *at = to;

	head.forward = forward_stride(join);
	if (length(&head) > room)
		return 0;
	memcpy(at, &head, sizeof head);
	at += sizeof head;
	for (uint32_t i = 0; i < join->n_forwards; i++, at += head.forward)
		memcpy(at, &join->forwards[i], head.forward);
	memcpy(at, join->forwards + join->n_forwards, behind(join));
	return length(&head);
}

int wire_join_stow(const struct wire_net_join *join, void *to, size_t room, uint32_t *ret_len, int *ret_file,
		   struct err *err)
{
	autofree void *packed = NULL;
	size_t len = wire_join_pack(join, to, room);

	*ret_file = -1;
	*ret_len = (uint32_t)len;
	if (len)
		return 0;
	len = wire_join_packed(join);
	*ret_len = (uint32_t)len;
	packed = malloc(len);
	if (!packed)
		return err_nomem(err);
	wire_join_pack(join, packed, len);
	*ret_file = fd_sealed("mgr-join", packed, len, err);
	return *ret_file < 0 ? *ret_file : 0;
}

/* --- one of any version ----------------------------------------------------------------------------------------------- */

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Is there room for n of them, each of this size? What is left then. */
static bool part(size_t *left, uint32_t size, uint32_t least, uint32_t n)
{
	if (n && (size < least || n > *left / size))
		return false;
	*left -= (size_t)n * size;
	return true;
}

/* head: what is known of it. */
static bool is_whole(const struct wire_net_join *head, size_t len)
{
	size_t left = len - head->head;

	return part(&left, head->forward, WIRE_FORWARD_MIN, head->n_forwards) &&
	       part(&left, head->nic, WIRE_NIC_MIN, head->n_nics) && part(&left, head->item, WIRE_ITEM_MIN, head->n_items) &&
	       left == 0 && TEXT_ENDS(head->name) && TEXT_ENDS(head->uuid) && TEXT_ENDS(head->store) &&
	       TEXT_ENDS(head->veth);
}

static const uint8_t *copy(void *to, size_t size, const uint8_t *from, uint32_t sent, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		memcpy((uint8_t *)to + i * size, from + (size_t)i * sent, lesser(size, sent));
	return from + (size_t)n * sent;
}

/* An older one's NIC. */
static void make_nic(struct wire_net_join *join)
{
	struct wire_net_nic *nic = wire_join_nics(join);
	struct wire_net_item *item = wire_join_items(join);

	memcpy(nic->veth, join->veth, sizeof nic->veth);
	memcpy(nic->mac, join->mac, sizeof nic->mac);
	*item = (struct wire_net_item){ .kind = WIRE_ITEM_ADDRESS, .family = AF_INET, .prefix = 32 };
	memcpy(item->addr, &join->ipv4, sizeof join->ipv4);
}

static bool forwards_are_good(const struct wire_net_join *join)
{
	for (uint32_t i = 0; i < join->n_forwards; i++)
		if (!TEXT_ENDS(join->forwards[i].path))
			return false;
	return true;
}

static bool nics_are_good(const struct wire_net_join *join)
{
	const struct wire_net_nic *nics = wire_join_nics(join);
	const struct wire_net_item *items = wire_join_items(join);

	for (uint32_t i = 0; i < join->n_nics; i++)
		if (!TEXT_ENDS(nics[i].network) || !TEXT_ENDS(nics[i].veth) || !*nics[i].veth)
			return false;
	for (uint32_t i = 0; i < join->n_items; i++)
		if (items[i].nic >= join->n_nics)
			return false;
	return true;
}

static struct wire_net_join *take(const struct wire_net_join *sent, const uint8_t *payload, size_t *ret_len, struct err *err)
{
	const bool older = sent->n_nics == 0;
	struct wire_net_join *join =
		wire_join_new(sent->n_forwards, older ? 1 : sent->n_nics, older ? 1 : sent->n_items, ret_len, err);
	const struct wire_net_join sizes = join ? *join : (struct wire_net_join){ 0 };

	if (!join)
		return NULL;
	*join = *sent;
	join->head = sizes.head;
	join->forward = sizes.forward;
	join->nic = sizes.nic;
	join->n_nics = sizes.n_nics;
	join->item = sizes.item;
	join->n_items = sizes.n_items;
	payload = copy(join->forwards, sizeof *join->forwards, payload + sent->head, sent->forward, sent->n_forwards);
	payload = copy(wire_join_nics(join), sizeof(struct wire_net_nic), payload, sent->nic, sent->n_nics);
	if (older)
		make_nic(join);
	else
		copy(wire_join_items(join), sizeof(struct wire_net_item), payload, sent->item, sent->n_items);
	return join;
}

struct wire_net_join *wire_join_take(const void *payload, size_t len, size_t *ret_len, struct err *err)
{
	struct wire_net_join *join = NULL, sent = { 0 };
	uint32_t head;

	if (len >= WIRE_NET_JOIN_MIN) {
		memcpy(&head, payload, sizeof head);
		memcpy(&sent, payload, lesser(head, lesser(len, sizeof sent)));
	}
	if (sent.head >= WIRE_NET_JOIN_MIN && sent.head <= len && is_whole(&sent, len))
		join = take(&sent, payload, ret_len, err);
	else
		err_set(err, EBADMSG, "the request is malformed");
	if (join && !(nics_are_good(join) && forwards_are_good(join))) {
		err_set(err, EBADMSG, "the request is malformed");
		free(join);
		join = NULL;
	}
	return join;
}

struct wire_net_join *wire_join_unstow(const void *from, uint32_t len, int file, size_t *ret_len, struct err *err)
{
	void *map = file < 0 ? NULL : fd_map_sealed(file, len);
	struct wire_net_join *join;

	if (file >= 0 && !map) {
		err_set(err, EBADMSG, "the memory file is malformed");
		return NULL;
	}
	join = wire_join_take(map ? map : from, len, ret_len, err);
	if (map)
		munmap(map, len);
	return join;
}
