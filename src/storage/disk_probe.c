/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks mgr-disk. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "storage/disk_internal.h"

#define PROGRAM  MGR_LIBEXECDIR "/mgr-disk"
#define SAID_MAX (1 << 20)
#define FIELDS   11
#define LONGEST  (60 * CLOCK_SECOND)

void disk_parts_done(struct disk_parts *parts)
{
	free(steal_ptr(&parts->v));
	free(steal_ptr(&parts->text));
	parts->n = 0;
}

static int take_line(char *line, struct disk_parts *ret)
{
	char *field[FIELDS];
	struct disk_part part;
	struct disk_part *grown = reallocarray(ret->v, ret->n + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	ret->v = grown;
	for (size_t i = 0; i < FIELDS; i++)
		if (!(field[i] = strsep(&line, "\t")))
			return -EPROTO;
	if (str_uint(field[0], 0, UINT32_MAX, &part.number) < 0 || str_uint(field[1], 0, INT64_MAX, &part.offset) < 0 ||
	    str_uint(field[2], 0, INT64_MAX, &part.length) < 0)
		return -EPROTO;
	part.table = field[3];
	part.type = field[4];
	part.type_name = field[5];
	part.name = field[6];
	part.fs = field[7];
	part.usage = field[8];
	part.label = field[9];
	ret->v[ret->n++] = part;
	return 0;
}

static int take_lines(struct disk_parts *ret, struct err *err)
{
	char *rest = ret->text, *line;
	int r = 0;

	while (r == 0 && (line = strsep(&rest, "\n")))
		if (*line)
			r = take_line(line, ret);
	if (r == 0 && (ret->n == 0 || ret->v[0].number != 0))
		r = -EPROTO;
	return r == -ENOMEM ? err_nomem(err) : r < 0 ? err_set(err, EPROTO, "mgr-disk does not say what is on it") : 0;
}

int disk_probe(int fd, struct disk_parts *ret, struct err *err)
{
	const char *const argv[] = { PROGRAM, NULL };
	const struct proc_fd from = { fd, 0 };
	const struct proc_job job = {
		.argv = argv, .fds = &from, .n = 1, .longest = LONGEST, .out = &ret->text, .out_max = SAID_MAX
	};
	int r;

	*ret = (struct disk_parts){ 0 };
	if (access(PROGRAM, X_OK) < 0)
		return err_set(err, EOPNOTSUPP, "mgr was built without libblkid and libfdisk, which read it");
	r = proc_run_job(&job, err);
	if (r == 0)
		r = take_lines(ret, err);
	if (r < 0)
		disk_parts_done(ret);
	return r;
}
