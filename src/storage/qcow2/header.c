/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/header.h"

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define MAGIC      0x514649fbU
#define BYTES_V2   72U
#define BYTES_V3   104U
#define L1_LONGEST (32U << 20) /* QEMU's own limit */
#define ROUND      8U
#define WITHOUT    "'qemu-img convert -O qcow2' makes a disk without"
#define DECRYPTED                                                                                                           \
	"'qemu-img convert --object secret,id=key,file=PASSPHRASE --image-opts driver=qcow2,file.filename=DISK,"            \
	"encrypt.key-secret=key -O qcow2 FILE' makes a disk that is not"

#define INCOMPATIBLE_DIRTY       (UINT64_C(1) << 0)
#define INCOMPATIBLE_CORRUPT     (UINT64_C(1) << 1)
#define INCOMPATIBLE_DATA_FILE   (UINT64_C(1) << 2)
#define INCOMPATIBLE_COMPRESSION (UINT64_C(1) << 3)
#define INCOMPATIBLE_EXTENDED_L2 (UINT64_C(1) << 4)

#define EXTENSION_END       0U
#define EXTENSION_FORMAT    0xe2792acaU
#define EXTENSION_FEATURES  0x6803f857U
#define EXTENSION_LUKS      0x0537be77U
#define EXTENSION_DATA_FILE 0x44415441U

struct on_disk {
	uint32_t magic, version;
	uint64_t backing_offset;
	uint32_t backing_bytes, cluster_bits;
	uint64_t size;
	uint32_t crypt, l1_size;
	uint64_t l1_offset, refcount_offset;
	uint32_t refcount_clusters, snapshots;
	uint64_t snapshots_offset;
	/* version 3 */
	uint64_t incompatible, compatible, autoclear;
	uint32_t refcount_order, bytes;
	uint8_t compression;
} __attribute__((packed));

_Static_assert(offsetof(struct on_disk, incompatible) == BYTES_V2, "a header of version 2");
_Static_assert(offsetof(struct on_disk, compression) == BYTES_V3, "a header of version 3");

/* One of the feature name table. */
struct feature_name {
	uint8_t kind, bit;
	char name[46];
};

int header_bytes(int fd, void *bytes, size_t n, uint64_t offset, const char *what, struct err *err)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(fd, (char *)bytes + done, n - done, (off_t)(offset + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, EIO, "read %s at %llu", what, (unsigned long long)offset);
		if (r == 0)
			return err_set(err, EINVAL, "it is cut short: %s ends at %llu", what,
				       (unsigned long long)(offset + done));
		done += (size_t)r;
	}
	return 0;
}

static void to_host(struct on_disk *h)
{
	h->magic = be32toh(h->magic);
	h->version = be32toh(h->version);
	h->backing_offset = be64toh(h->backing_offset);
	h->backing_bytes = be32toh(h->backing_bytes);
	h->cluster_bits = be32toh(h->cluster_bits);
	h->size = be64toh(h->size);
	h->crypt = be32toh(h->crypt);
	h->l1_size = be32toh(h->l1_size);
	h->l1_offset = be64toh(h->l1_offset);
	h->incompatible = be64toh(h->incompatible);
	h->refcount_order = be32toh(h->refcount_order);
	h->bytes = be32toh(h->bytes);
}

/* What every version has, then what this one has; a version 2 is as a version 3 that says nothing. */
static int read_fields(int fd, uint64_t file_size, struct on_disk *h, struct err *err)
{
	uint32_t magic;

	if (file_size == 0)
		return err_set(err, EINVAL, "it is empty");
	if (file_size < BYTES_V2)
		return err_set(err, EINVAL, "it is no qcow2 disk, or cut short: it has %llu bytes",
			       (unsigned long long)file_size);
	memset(h, 0, sizeof *h);
	if (header_bytes(fd, h, BYTES_V2, 0, "the header", err) < 0)
		return -err->code;
	magic = be32toh(h->magic);
	if (magic != MAGIC)
		return err_set(err, EINVAL, "it is no qcow2 disk");
	if (be32toh(h->version) == 3) {
		size_t more = file_size < sizeof *h ? BYTES_V3 : sizeof *h;
		if (header_bytes(fd, h, more, 0, "the header", err) < 0)
			return -err->code;
	}
	to_host(h);
	if (h->version < 2 || h->version > 3)
		return err_set(err, EOPNOTSUPP, "its version of qcow is %u, and 2 and 3 can be read", h->version);
	if (h->version == 2)
		h->bytes = BYTES_V2;
	return 0;
}

static int check_geometry(const struct on_disk *h, struct err *err)
{
	if (h->cluster_bits < HEADER_LEAST || h->cluster_bits > HEADER_MOST)
		return err_set(err, EOPNOTSUPP, "its clusters of 2^%u bytes: they have 512 bytes to 2 MiB", h->cluster_bits);
	if (h->version == 3 && (h->bytes < BYTES_V3 || h->bytes % ROUND || h->bytes > 1U << h->cluster_bits))
		return err_set(err, EINVAL, "its header is damaged: it says that it has %u bytes", h->bytes);
	if (h->refcount_order > 6)
		return err_set(err, EINVAL, "its header is damaged: reference counts of 2^%u bits", h->refcount_order);
	return 0;
}

/* Whole text as the disk says it, for a message. */
static int refuse_named(struct err *err, const char *what, const char *name, size_t n)
{
	struct str text = { 0 };

	str_add_escaped(&text, name, strnlen(name, n));
	err_set(err, EOPNOTSUPP, "%s '%s' is not supported", what, str_text(&text));
	str_done(&text);
	return -EOPNOTSUPP;
}

static int check_features(const struct on_disk *h, struct err *err)
{
	/* the byte counts when the header says that it is there */
	const uint8_t compression = h->version == 3 && h->bytes > BYTES_V3 ? h->compression : 0;

	if (h->crypt == 1 || h->crypt == 2)
		return err_set(err, EOPNOTSUPP, "it is encrypted (%s), which is not supported: " DECRYPTED,
			       h->crypt == 1 ? "AES" : "LUKS");
	if (h->crypt)
		return err_set(err, EOPNOTSUPP, "it is encrypted by method %u, which is not supported", h->crypt);
	if (h->incompatible & INCOMPATIBLE_CORRUPT)
		return err_set(err, EINVAL, "it is marked as corrupt ('qemu-img check -r all' may mend it)");
	if (h->incompatible & INCOMPATIBLE_DATA_FILE)
		return err_set(err, EOPNOTSUPP, "it keeps its data in an external file, which is not supported: " WITHOUT);
	if (compression == 1)
		return err_set(err, EOPNOTSUPP, "it is compressed with zstd, which is not supported: " WITHOUT);
	if (compression || h->incompatible & INCOMPATIBLE_COMPRESSION)
		return err_set(err, EOPNOTSUPP, "its compression of type %u is not supported", compression);
	if (h->incompatible & INCOMPATIBLE_EXTENDED_L2)
		return err_set(err, EOPNOTSUPP,
			       "it has extended L2 entries (subclusters), which are not supported: " WITHOUT);
	return 0;
}

/* An incompatible feature that came later than this: by the name that the disk has for it. */
static int refuse_unknown(int fd, uint64_t table, uint32_t bytes, uint64_t unknown, struct err *err)
{
	const unsigned bit = (unsigned)__builtin_ctzll(unknown);
	struct feature_name f;

	for (uint32_t at = 0; at + sizeof f <= bytes; at += sizeof f) {
		if (header_bytes(fd, &f, sizeof f, table + at, "the table of features", err) < 0)
			return -err->code;
		if (f.kind == 0 && f.bit == bit)
			return refuse_named(err, "its feature", f.name, sizeof f.name);
	}
	return err_set(err, EOPNOTSUPP, "its incompatible feature %u is not supported", bit);
}

static int read_extension(int fd, uint32_t type, uint64_t at, uint32_t bytes, struct header *ret, struct err *err)
{
	switch (type) {
	case EXTENSION_FORMAT:
		if (bytes >= sizeof ret->format)
			return err_set(err, EINVAL, "its header is damaged: a format of %u bytes", bytes);
		memset(ret->format, 0, sizeof ret->format);
		return header_bytes(fd, ret->format, bytes, at, "the header", err);
	case EXTENSION_LUKS:
		return err_set(err, EOPNOTSUPP, "it is encrypted (LUKS), which is not supported: " DECRYPTED);
	case EXTENSION_DATA_FILE:
		return err_set(err, EOPNOTSUPP, "it keeps its data in an external file, which is not supported: " WITHOUT);
	default:
		return 0;
	}
}

/* From behind the header up to the name of what it stands on, or the end of the first cluster. Each is a type, a length and
 * so many bytes, rounded up to 8. */
static int read_extensions(int fd, const struct on_disk *h, uint64_t file_size, struct header *ret, struct err *err)
{
	const uint64_t unknown = h->incompatible & ~INCOMPATIBLE_DIRTY;
	uint64_t end = h->backing_offset ? h->backing_offset : UINT64_C(1) << h->cluster_bits, at = h->bytes;
	uint64_t names = 0;
	uint32_t names_bytes = 0, head[2];

	end = end < file_size ? end : file_size;
	while (at + sizeof head <= end) {
		if (header_bytes(fd, head, sizeof head, at, "the header", err) < 0)
			return -err->code;
		head[0] = be32toh(head[0]);
		head[1] = be32toh(head[1]);
		at += sizeof head;
		if (head[0] == EXTENSION_END)
			break;
		if (head[1] > end - at)
			return err_set(err, EINVAL, "its header is damaged: an extension of %u bytes", head[1]);
		if (head[0] == EXTENSION_FEATURES && !names) {
			names = at;
			names_bytes = head[1];
		}
		if (read_extension(fd, head[0], at, head[1], ret, err) < 0)
			return -err->code;
		at += (head[1] + (uint64_t)ROUND - 1) / ROUND * ROUND;
	}
	return unknown ? refuse_unknown(fd, names, names_bytes, unknown, err) : 0;
}

static int read_backing(int fd, const struct on_disk *h, struct header *ret, struct err *err)
{
	const uint64_t cluster = UINT64_C(1) << h->cluster_bits;

	if (!h->backing_offset)
		return 0;
	if (h->backing_offset > cluster || h->backing_bytes > cluster - h->backing_offset ||
	    h->backing_bytes > HEADER_NAME_MAX)
		return err_set(err, EINVAL, "the name of its backing file is too long");
	if (header_bytes(fd, ret->backing, h->backing_bytes, h->backing_offset, "the name of its backing file", err) < 0)
		return -err->code;
	if (strlen(ret->backing) != h->backing_bytes)
		return err_set(err, EINVAL, "the name of its backing file has a zero in it");
	return 0;
}

static int read_l1_place(const struct on_disk *h, uint64_t file_size, struct header *ret, struct err *err)
{
	const unsigned bits = 2 * h->cluster_bits - 3; /* of the disk, behind one entry */
	const uint64_t bytes = (uint64_t)h->l1_size * sizeof(uint64_t);

	ret->l1_offset = h->l1_offset;
	ret->l1_entries = (h->size >> bits) + !!(h->size & ((UINT64_C(1) << bits) - 1));
	if (bytes > L1_LONGEST)
		return err_set(err, EINVAL, "its L1 table of %llu bytes is larger than 32 MiB", (unsigned long long)bytes);
	if (h->l1_size < ret->l1_entries)
		return err_set(err, EINVAL, "its L1 table is too short for its size of %llu bytes",
			       (unsigned long long)h->size);
	if (h->l1_offset & ((UINT64_C(1) << h->cluster_bits) - 1))
		return err_set(err, EINVAL, "its L1 table is not where a cluster begins");
	if (h->l1_offset > file_size || bytes > file_size - h->l1_offset)
		return err_set(err, EINVAL, "it is cut short: its L1 table is outside of the file");
	return 0;
}

int header_read(int fd, uint64_t file_size, struct header *ret, struct err *err)
{
	struct on_disk h;

	memset(ret, 0, sizeof *ret);
	if (read_fields(fd, file_size, &h, err) < 0 || check_geometry(&h, err) < 0 || check_features(&h, err) < 0 ||
	    read_extensions(fd, &h, file_size, ret, err) < 0 || read_backing(fd, &h, ret, err) < 0 ||
	    read_l1_place(&h, file_size, ret, err) < 0)
		return -err->code;
	ret->version = h.version;
	ret->cluster_bits = h.cluster_bits;
	ret->said_size = h.size;
	ret->size = h.size & ~UINT64_C(511);
	return 0;
}
