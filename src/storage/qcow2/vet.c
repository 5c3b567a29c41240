/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/vet.h"

#include <errno.h>
#include <libqcow.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define PIECE ((size_t)64 << 10)

static void free_file(libqcow_file_t **file)
{
	libqcow_file_free(file, NULL);
}

static int copy(const struct layer *l, int to, uint64_t offset, uint64_t n, struct err *err)
{
	autofree char *bytes = malloc(PIECE);
	int r = 0;

	if (!bytes)
		return err_nomem(err);
	if (lseek(to, (off_t)offset, SEEK_SET) < 0)
		return err_sys(err, errno, "copy its header");
	for (uint64_t done = 0; done < n && r == 0; done += PIECE) {
		const size_t part = n - done < PIECE ? (size_t)(n - done) : PIECE;
		if (header_bytes(l->fd, bytes, part, offset + done, "the header", err) < 0)
			return -err->code;
		r = file_write_all(to, bytes, part);
	}
	return r < 0 ? err_sys(err, -r, "copy its header") : 0;
}

static int copy_head(const struct layer *l, int *ret_fd, struct err *err)
{
	const uint64_t cluster = UINT64_C(1) << l->header.cluster_bits;
	const uint64_t head = cluster < l->file_size ? cluster : l->file_size;
	autoclose int fd = memfd_create("head", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)l->file_size) < 0)
		return err_sys(err, errno, "copy its header");
	if (copy(l, fd, 0, head, err) < 0 ||
	    copy(l, fd, l->header.l1_offset, l->header.l1_entries * sizeof(uint64_t), err) < 0)
		return -err->code;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int differs(struct err *err, const char *what)
{
	return err_set(err, EINVAL, "libqcow reads %s otherwise", what);
}

static int compare(libqcow_file_t *file, const struct header *h, struct err *err)
{
	uint8_t name[HEADER_NAME_MAX + 2] = { 0 };
	uint32_t version = 0, encryption = 0;
	size64_t size = 0;
	size_t length = 0;

	if (libqcow_file_get_format_version(file, &version, NULL) != 1 || version != h->version)
		return differs(err, "its version");
	if (libqcow_file_get_media_size(file, &size, NULL) != 1 || size != h->said_size)
		return differs(err, "its size");
	if (libqcow_file_get_encryption_method(file, &encryption, NULL) != 1 || encryption)
		return differs(err, "its encryption");
	if (libqcow_file_get_utf8_backing_filename_size(file, &length, NULL) != 1)
		length = 0;
	if (length > sizeof name || (length && libqcow_file_get_utf8_backing_filename(file, name, length, NULL) != 1) ||
	    !str_eq((char *)name, h->backing))
		return differs(err, "the name of its backing file");
	return 0;
}

int vet_layer(const struct layer *layer, struct err *err)
{
	autocall(free_file) libqcow_file_t *file = NULL;
	libqcow_error_t *error = NULL;
	autoclose int head = -1;
	char path[32], text[256];

	if (copy_head(layer, &head, err) < 0)
		return -err->code;
	if (str_print(path, sizeof path, "/fd/%d", head) < 0 || libqcow_file_initialize(&file, NULL) != 1)
		return err_nomem(err);
	if (libqcow_file_open(file, path, LIBQCOW_OPEN_READ, &error) == 1)
		return compare(file, &layer->header, err);
	if (libqcow_error_sprint(error, text, sizeof text) < 0)
		text[0] = '\0';
	libqcow_error_free(&error);
	return err_set(err, EINVAL, "libqcow cannot read it: %s", text);
}
