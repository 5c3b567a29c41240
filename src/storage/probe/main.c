/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-disk: the one program that reads partition tables and tells file systems apart, confined, since strangers made them.
 * The disk is its standard input. It writes a line for all of it, number 0, and one a partition; between tabs:
 *
 *     number, offset, length (bytes), "gpt" or "dos", type, type in words, name, file system, usage, label, uuid
 *
 * What there is none of is empty; control characters are escaped. Else one line on standard error, and exit 1. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "storage/confine.h"
#include "storage/probe/probe.h"

static int size_of(int fd, uint64_t *ret, struct err *err)
{
	const off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return err_sys(err, errno, "look at it");
	if (end == 0)
		return err_set(err, EINVAL, "it is empty");
	*ret = (uint64_t)end;
	return 0;
}

static void add(struct str *out, const char *text)
{
	str_add(out, "\t");
	str_add_escaped(out, text, strlen(text));
}

static void describe(const struct probe_part *part, const char *table, const struct probe_content *content, struct str *out)
{
	str_addf(out, "%u\t%llu\t%llu", part->number, (unsigned long long)part->offset, (unsigned long long)part->length);
	add(out, table ? table : "");
	add(out, part->type);
	add(out, part->type_name);
	add(out, part->name);
	add(out, content->unclear ? "?" : content->fs);
	add(out, content->usage);
	add(out, content->label);
	add(out, content->uuid);
	str_add(out, "\n");
}

static int look(int fd, struct str *out, struct err *err)
{
	static struct probe_part parts[PROBE_PARTS_MAX];
	struct probe_part whole = { 0 };
	struct probe_content content;
	const char *table;
	size_t n = 0;

	if (size_of(fd, &whole.length, err) < 0 || probe_table(fd, &table, parts, &n, err) < 0 ||
	    probe_content(fd, 0, whole.length, &content, err) < 0)
		return -err->code;
	describe(&whole, table, &content, out);
	for (size_t i = 0; i < n; i++) {
		const struct probe_part *part = &parts[i];
		content = (struct probe_content){ 0 };
		if (part->offset < whole.length && part->length <= whole.length - part->offset &&
		    probe_content(fd, part->offset, part->length, &content, err) < 0)
			return err_wrap(err, "partition %u", part->number);
		describe(part, table, &content, out);
	}
	return out->failed ? err_nomem(err) : 0;
}

int main(void)
{
	autocall(str_done) struct str out = { 0 };
	struct err err = { 0 };

	fd_fill_stdio();
	if (confine_begin(false, &err) == 0 && look(STDIN_FILENO, &out, &err) == 0 &&
	    file_write_all(STDOUT_FILENO, str_text(&out), out.len) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.code ? err.msg : "write what is on it");
	return 1;
}
