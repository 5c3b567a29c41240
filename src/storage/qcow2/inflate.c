/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/inflate.h"

#include <errno.h>
#include <stdint.h>
#include <zlib.h>

#define WINDOW (-12) /* deflate without a header, 4 KiB of history: what qcow2 is written with */

int inflate_cluster(const void *in, size_t in_bytes, void *out, size_t n, struct err *err)
{
	z_stream z = { 0 };
	int r;

	z.next_in = (Bytef *)(uintptr_t)in;
	z.avail_in = (uInt)in_bytes;
	z.next_out = out;
	z.avail_out = (uInt)n;
	if (inflateInit2(&z, WINDOW) != Z_OK)
		return err_nomem(err);
	r = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	/* What stands behind the cluster in its last sector is no matter: Z_BUF_ERROR. */
	if ((r != Z_STREAM_END && r != Z_BUF_ERROR) || z.avail_out > 0)
		return err_set(err, EIO, "a compressed cluster is damaged");
	return 0;
}
