/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file "shift":
 *
 *   out|in working|done WHICH      (of the root: file_which)
 *   u|g INSIDE OUTSIDE COUNT      a range of ids
 *   INODE MODE CAPABILITIES       in octal and hex digits; '-': none
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/vec.h"
#include "storage/shift.h"

#define RECORD_MAX (256 << 20)

void shift_done(struct shift *shift)
{
	free(shift->v);
	*shift = (struct shift){ 0 };
}

static int read_caps(const char *hex, struct shift_special *ret)
{
	const size_t n = strlen(hex) / 2;

	if (str_eq(hex, "-"))
		return 0;
	if (n > sizeof ret->caps || strspn(hex, "0123456789abcdef") != 2 * n)
		return -EINVAL;
	for (ret->size = 0; ret->size < n; ret->size++)
		sscanf(hex + 2 * ret->size, "%2" SCNx8, &ret->caps[ret->size]);
	return 0;
}

static int read_special(const char *line, struct shift *ret)
{
	struct shift_special *v = vec_grow(ret->v, ret->n, &ret->room, sizeof *v), special = { 0 };
	unsigned mode;
	char hex[64];

	if (!v)
		return -ENOMEM;
	ret->v = v;
	if (sscanf(line, "%" SCNu64 " %o %63s", &special.inode, &mode, hex) != 3 || read_caps(hex, &special) < 0)
		return -EINVAL;
	special.mode = mode;
	ret->v[ret->n++] = special;
	return 0;
}

static int read_range(const char *line, struct storage_map *map)
{
	struct storage_range r = { .gid = *line == 'g' };

	if (map->n == STORAGE_RANGES ||
	    sscanf(line + 1, "%" SCNu32 " %" SCNu32 " %" SCNu32, &r.inside, &r.outside, &r.count) != 3)
		return -EINVAL;
	map->v[map->n++] = r;
	return 0;
}

static int read_lines(char *text, struct shift *ret)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save), way[8], state[8];
	int r = line && sscanf(line, "%7s %7s %319s", way, state, ret->root) == 3 ? 0 : -EINVAL;

	if (r < 0)
		return r;
	ret->out = str_eq(way, "out");
	ret->done = str_eq(state, "done");
	while (r == 0 && (line = strtok_r(NULL, "\n", &save)))
		r = *line == 'u' || *line == 'g' ? read_range(line, &ret->map) : read_special(line, ret);
	return r;
}

int shift_read(int folder, int root, struct shift *ret, struct err *err)
{
	autofree char *text = NULL;
	char which[FILE_WHICH_MAX];
	int r;

	*ret = (struct shift){ 0 };
	if (faccessat(folder, STORAGE_SHIFT, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	r = file_read_at(folder, STORAGE_SHIFT, RECORD_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	r = read_lines(text, ret);
	if (r < 0)
		return err_sys(err, -r, "read '" STORAGE_SHIFT "'");
	file_which(root, ".", which);
	return str_eq(ret->root, which);
}

int shift_write(int folder, const struct shift *shift, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	str_addf(&text, "%s %s %s\n", shift->out ? "out" : "in", shift->done ? "done" : "working", shift->root);
	for (size_t i = 0; i < shift->map.n; i++) {
		const struct storage_range *r = &shift->map.v[i];
		str_addf(&text, "%c %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", r->gid ? 'g' : 'u', r->inside, r->outside,
			 r->count);
	}
	for (size_t i = 0; i < shift->n && !shift->done; i++) {
		const struct shift_special *v = &shift->v[i];
		str_addf(&text, "%" PRIu64 " %o %s", v->inode, (unsigned)v->mode, v->size ? "" : "-");
		for (size_t k = 0; k < v->size; k++)
			str_addf(&text, "%02x", v->caps[k]);
		str_add(&text, "\n");
	}
	return text.failed ? err_nomem(err) : file_replace_at(folder, STORAGE_SHIFT, str_text(&text), text.len, 0600, err);
}
