/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/chain.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "storage/qcow2/hold.h"
#include "storage/qcow2/inflate.h"

#define SECTOR 512 /* as QEMU counts what is in a file */

/* What QEMU would take a file for whose format nobody says. Bytes at an offset tell. */
static const struct format {
	const char *name;
	uint64_t offset;
	const char *magic;
} formats[] = {
	{ "qcow2", 0, "QFI\xfb" },
	{ "qed", 0, "QED" },
	{ "vmdk", 0, "KDMV" },
	{ "vmdk", 0, "COWD" },
	{ "vmdk", 0, "# Disk DescriptorFile" },
	{ "vdi", 64, "\x7f\x10\xda\xbe" },
	{ "vhdx", 0, "vhdxfile" },
	{ "vpc", 0, "conectix" },
	{ "parallels", 0, "WithoutFreeSpace" },
	{ "parallels", 0, "WithouFreSpacExt" },
	{ "bochs", 0, "Bochs Virtual HD Image" },
	{ "cloop", 0, "#!/bin/sh\n#V2.0 Format" },
	{ "luks", 0, "LUKS\xba\xbe" },
};

static const char *format_by_magic(const struct layer *l)
{
	char bytes[64 + 4] = { 0 };

	if (pread(l->fd, bytes, sizeof bytes, 0) < 0)
		return "raw";
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (memcmp(bytes + formats[i].offset, formats[i].magic, strlen(formats[i].magic)) == 0)
			return formats[i].name;
	return "raw";
}

/* Its name, as far as it can be shown. */
static int wrap_named(struct err *err, const char *what, const char *name)
{
	struct str text = { 0 };

	str_add_escaped(&text, name, strlen(name));
	err_wrap(err, "%s '%s'", what, str_text(&text));
	str_done(&text);
	return -err->code;
}

static int look(const struct chain *c, struct layer *l, struct err *err)
{
	struct stat st;
	off_t end;

	if (fstat(l->fd, &st) < 0 || (end = lseek(l->fd, 0, SEEK_END)) < 0)
		return err_sys(err, errno, "look at it");
	l->file_size = (uint64_t)end;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->changed = st.st_mtim;
	for (size_t i = 0; i < c->n; i++)
		if (c->layer[i].dev == l->dev && c->layer[i].ino == l->ino)
			return err_set(err, ELOOP, "it stands on itself");
	if (c->n > 0 && l[-1].kind == LAYER_DELTA)
		return delta_check_base(&l[-1].delta, &st, err);
	return 0;
}

static int read_qcow2(struct layer *l, chain_vet_fn *vet, struct err *err)
{
	if (header_read(l->fd, l->file_size, &l->header, err) < 0 ||
	    table_check(l->fd, l->file_size, &l->header, &l->packed, err) < 0)
		return -err->code;
	l->size = l->header.size;
	return vet ? vet(l, err) : 0;
}

static int read_delta(struct layer *l, struct err *err)
{
	char page[DELTA_PAGE];

	if (hold_delta(l->fd, false, err) < 0 || header_bytes(l->fd, page, sizeof page, 0, "the header", err) < 0 ||
	    delta_header_read(page, &l->delta, err) < 0)
		return -err->code;
	if (l->file_size < l->delta.data + l->delta.size)
		return err_set(err, EINVAL, "it is a delta that is cut short: it has %llu bytes",
			       (unsigned long long)l->file_size);
	l->size = l->delta.size;
	return 0;
}

/* format: as the layer above says, "" when it does not, NULL for the disk itself, which is never guessed to be raw. */
static int read_layer(struct layer *l, const char *format, chain_vet_fn *vet, struct err *err)
{
	const bool may_be_delta = !format || (!str_eq(format, "raw") && l[-1].kind == LAYER_DELTA);
	char magic[8] = { 0 };

	if (!format)
		format = pread(l->fd, magic, sizeof magic, 0) > 0 && delta_is(magic, sizeof magic) ? "delta" : "qcow2";
	else if (!*format)
		format = format_by_magic(l);
	if (str_eq(format, "delta") && may_be_delta) {
		l->kind = LAYER_DELTA;
		return read_delta(l, err);
	}
	if (hold_disk(l->fd, err) < 0)
		return -err->code;
	if (str_eq(format, "qcow2"))
		return read_qcow2(l, vet, err);
	if (!str_eq(format, "raw"))
		return wrap_named((err_set(err, EOPNOTSUPP, "raw and qcow2 can be read"), err), "its format is", format);
	l->kind = LAYER_RAW;
	l->size = (l->file_size + SECTOR - 1) / SECTOR * SECTOR;
	return 0;
}

static int add_layer(struct chain *c, int fd, const char *format, chain_vet_fn *vet, struct err *err)
{
	struct layer *l = &c->layer[c->n];

	*l = (struct layer){ .fd = fd };
	if (look(c, l, err) < 0) {
		close(fd);
		return -err->code;
	}
	c->n++;
	return read_layer(l, format, vet, err);
}

/* What a layer stands on, or NULL. */
static const char *name_below(const struct layer *l, const char **ret_format)
{
	if (l->kind == LAYER_RAW || (l->kind == LAYER_QCOW2 && !l->header.backing[0]))
		return NULL;
	*ret_format = l->kind == LAYER_DELTA ? l->delta.base.format : l->header.format;
	return l->kind == LAYER_DELTA ? l->delta.base.path : l->header.backing;
}

static int open_layers(struct chain *ret, chain_open_fn *open, void *data, chain_vet_fn *vet, struct err *err)
{
	int fd = -1;

	if (open(data, 0, NULL, &fd, err) < 0 || add_layer(ret, fd, ret->raw ? "raw" : NULL, vet, err) < 0)
		return -err->code;
	for (;;) {
		const char *format = NULL, *name = name_below(&ret->layer[ret->n - 1], &format);
		if (!name)
			return 0;
		if (ret->n == CHAIN_MAX)
			return err_set(err, E2BIG, "it stands on more than %d files", CHAIN_MAX - 1);
		if (open(data, ret->n - 1, name, &fd, err) < 0 || add_layer(ret, fd, format, vet, err) < 0)
			return wrap_named(err, "its backing file", name);
	}
}

uint32_t chain_stamp(const struct chain *chain, size_t n)
{
	uLong sum = crc32(0, NULL, 0);

	for (const struct layer *l = chain->layer + n; l < chain->layer + chain->n; l++) {
		const uint64_t stamp[] = { htole64(l->file_size), htole64((uint64_t)l->changed.tv_sec),
					   htole64((uint64_t)l->changed.tv_nsec) };
		sum = crc32(sum, (const Bytef *)stamp, sizeof stamp);
	}
	return (uint32_t)sum;
}

static int check_stamps(const struct chain *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->layer[i].kind == LAYER_DELTA && chain_stamp(c, i + 1) != c->layer[i].delta.base.chain)
			return err_set(err, ESTALE, "what is below '%s' has changed since the delta was made on it",
				       c->layer[i].delta.base.path);
	return 0;
}

static size_t largest_packed(const struct chain *c)
{
	size_t cluster = 0;

	for (const struct layer *l = c->layer; l < c->layer + c->n; l++)
		if (l->packed && (size_t)1 << l->header.cluster_bits > cluster)
			cluster = (size_t)1 << l->header.cluster_bits;
	return cluster;
}

int chain_open(struct chain *ret, chain_open_fn *open, void *data, chain_vet_fn *vet, struct err *err)
{
	size_t cluster;

	if (open_layers(ret, open, data, vet, err) < 0 || check_stamps(ret, err) < 0)
		return -err->code;
	cluster = largest_packed(ret);
	ret->cache = cluster ? cache_new(cluster) : NULL;
	return cluster && !ret->cache ? err_nomem(err) : 0;
}

void chain_done(struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		close(chain->layer[i].fd);
	cache_free(chain->cache);
	chain->cache = NULL;
	chain->n = 0;
}

/* --- reading --------------------------------------------------------------------------------------------- */

int chain_reader_init(struct chain_reader *ret, const struct chain *chain, struct err *err)
{
	const size_t cluster = largest_packed(chain);

	*ret = (struct chain_reader){ .chain = chain };
	ret->at = calloc(chain->n, sizeof *ret->at);
	ret->packed = cluster ? malloc(2 * cluster) : NULL; /* as much as an entry can say */
	if (ret->at && (ret->packed || !cluster))
		return 0;
	chain_reader_done(ret);
	return err_nomem(err);
}

void chain_reader_done(struct chain_reader *r)
{
	free(r->at);
	free(r->packed);
	*r = (struct chain_reader){ 0 };
}

static int find_in(const struct layer *l, struct table_at *at, uint64_t offset, uint64_t *length, struct place *ret,
		   struct err *err)
{
	switch (l->kind) {
	case LAYER_QCOW2:
		return table_find(l->fd, &l->header, at, offset, length, ret, err);
	case LAYER_DELTA:
		return delta_find(l->fd, &l->delta, at, offset, length, ret, err);
	case LAYER_RAW:
		break;
	}
	*ret = (struct place){ .kind = PLACE_PLAIN, .offset = offset };
	return 0;
}

/* What is at `offset` of the disk, for *length bytes, which may become less. 1: this layer has it, there; 0: zeros. */
static int find(struct chain_reader *r, uint64_t offset, uint64_t *length, const struct layer **ret, struct place *ret_place,
		struct err *err)
{
	for (size_t i = 0; i < r->chain->n; i++) {
		const struct layer *l = &r->chain->layer[i];
		if (offset >= l->size)
			return 0;
		if (*length > l->size - offset)
			*length = l->size - offset;
		if (find_in(l, &r->at[i], offset, length, ret_place, err) < 0)
			return -err->code;
		*ret = l;
		if (ret_place->kind != PLACE_BELOW)
			return ret_place->kind != PLACE_ZERO;
	}
	return 0;
}

int chain_is_zero(struct chain_reader *r, uint64_t offset, uint64_t *length, struct err *err)
{
	const struct layer *l;
	struct place p;
	int found = find(r, offset, length, &l, &p, err);

	return found < 0 ? found : !found;
}

/* What is behind the file's end is zeros: of a cluster that is the last, or of a last sector. */
static int read_plain(const struct layer *l, uint64_t offset, char *bytes, size_t n, struct err *err)
{
	const size_t there = offset >= l->file_size ? 0 : l->file_size - offset < n ? (size_t)(l->file_size - offset) : n;

	memset(bytes + there, 0, n - there);
	return header_bytes(l->fd, bytes, there, offset, "its data", err);
}

static int unpack(struct chain_reader *r, const struct layer *l, const struct place *p, void *cluster, struct err *err)
{
	if (read_plain(l, p->offset, r->packed, p->packed, err) < 0)
		return -err->code;
	return inflate_cluster(r->packed, p->packed, cluster, (size_t)1 << l->header.cluster_bits, err);
}

/* A whole one is not wanted again soon: nothing but its bytes would be thrown away for it. */
static int read_packed(struct chain_reader *r, const struct layer *l, const struct place *p, uint64_t offset, char *bytes,
		       size_t n, struct err *err)
{
	const size_t cluster = (size_t)1 << l->header.cluster_bits;
	bool empty;
	char *all;
	int status = 0;

	if (n == cluster)
		return unpack(r, l, p, bytes, err);
	all = cache_get(r->chain->cache, l, p->offset, &empty);
	if (empty)
		status = unpack(r, l, p, all, err);
	if (status == 0)
		memcpy(bytes, all + (offset & (cluster - 1)), n);
	cache_put(r->chain->cache, all, status == 0);
	return status;
}

static int read_place(struct chain_reader *r, const struct layer *l, const struct place *p, uint64_t offset, char *bytes,
		      size_t n, struct err *err)
{
	if (p->kind == PLACE_PLAIN)
		return read_plain(l, p->offset, bytes, n, err);
	if (read_packed(r, l, p, offset, bytes, n, err) < 0)
		return err_wrap(err, "at %llu", (unsigned long long)offset);
	return 0;
}

int chain_read(struct chain_reader *r, uint64_t offset, void *bytes, size_t n, struct err *err)
{
	for (char *to = bytes; n > 0;) {
		const struct layer *l;
		uint64_t length = n;
		struct place p;
		int found = find(r, offset, &length, &l, &p, err);
		if (found < 0 || (found && read_place(r, l, &p, offset, to, length, err) < 0))
			return -err->code;
		if (!found)
			memset(to, 0, length);
		to += length;
		offset += length;
		n -= length;
	}
	return 0;
}
