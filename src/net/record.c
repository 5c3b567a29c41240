/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define RECORD     "undo"
#define RECORD_MAX (1 << 20)

/* What is looked for. */
struct search {
	const char *text;
	struct stat but;
	char *name; /* STORE_NAME_MAX + 1 bytes */
};

static bool has_it(int rundir, const struct search *s)
{
	autofree char *text = NULL;
	struct stat st;

	if (fstat(rundir, &st) < 0 || (st.st_ino == s->but.st_ino && st.st_dev == s->but.st_dev))
		return false;
	return file_read_at(rundir, RECORD, RECORD_MAX, &text, NULL, NULL) == 0 && strstr(text, s->text);
}

/* run/NAME and, one deeper, run/STOREID/NAME. */
static bool search_below(int folder, const struct search *s, bool deeper)
{
	autoclosedir DIR *dir = fdopendir(folder);
	struct dirent *e;

	if (!dir)
		close(folder);
	while (dir && (e = readdir(dir))) {
		autoclose int rundir = e->d_name[0] == '.'
					       ? -1
					       : openat(folder, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (rundir < 0)
			continue;
		if (has_it(rundir, s) && str_print(s->name, STORE_NAME_MAX + 1, "%s", e->d_name) == 0)
			return true;
		if (deeper && faccessat(rundir, "lock", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    search_below(steal_fd(&rundir), s, false))
			return true;
	}
	return false;
}

bool record_holder(const struct store *store, const char *text, int but, char name[static STORE_NAME_MAX + 1])
{
	struct search s = { .text = text, .name = name };
	int folder = open(store->manager_run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (but >= 0 && fstat(but, &s.but) < 0)
		s.but = (struct stat){ 0 };
	return folder >= 0 && search_below(folder, &s, true);
}

int record_list(int rundir, const char *text, struct strv *ret)
{
	autofree char *all = NULL;
	char *rest, *line;
	int r = 0;

	if (file_read_at(rundir, RECORD, RECORD_MAX, &all, NULL, NULL) < 0)
		return 0;
	for (rest = all; r == 0 && (line = strsep(&rest, "\n"));) {
		const char *found = strstr(line, text);
		if (found)
			r = strv_add(ret, found);
	}
	return r;
}
