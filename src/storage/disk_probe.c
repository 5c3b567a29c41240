/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks mgr-disk. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
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

/* Its words are one line. */
static int complain(int from, int status, struct err *err)
{
	autofree char *said = NULL;
	char text[48];

	if (file_read_fd(from, "mgr-disk", SAID_MAX, &said, NULL, err) < 0)
		return -err->code;
	said[strcspn(said, "\n")] = '\0';
	return *said ? err_set(err, EINVAL, "%s", said)
		     : err_set(err, EIO, "mgr-disk, which reads it, ended with %s", proc_status_text(status, text));
}

int disk_probe(int fd, struct disk_parts *ret, struct err *err)
{
	const char *const argv[] = { PROGRAM, NULL };
	autoclose int out = -1, said = -1;
	int pair[2], words[2], status, r;
	pid_t pid;

	*ret = (struct disk_parts){ 0 };
	if (access(PROGRAM, X_OK) < 0)
		return err_set(err, EOPNOTSUPP, "mgr was built without libblkid and libfdisk, which read it");
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	out = pair[0];
	r = pipe2(words, O_CLOEXEC) < 0 ? -errno : 0;
	if (r < 0) {
		close(pair[1]);
		return err_sys(err, -r, "make a pipe");
	}
	said = words[0];
	pid = proc_spawn(argv, (const struct proc_fd[]){ { fd, 0 }, { pair[1], 1 }, { words[1], 2 } }, 3, NULL, err);
	close(pair[1]);
	close(words[1]);
	if (pid < 0)
		return pid;
	r = file_read_fd(out, "mgr-disk", SAID_MAX, &ret->text, NULL, err);
	if (proc_wait(pid, clock_in(LONGEST), &status, err) < 0)
		return -err->code;
	if (r == 0)
		r = status ? complain(said, status, err) : take_lines(ret, err);
	if (r < 0)
		disk_parts_done(ret);
	return r;
}
