/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a member of an archive is to go. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "life/unpack/internal.h"
#include "life/unpack/pack.h"

static bool is_inside(const char *path)
{
	if (!path || !*path || *path == '/')
		return false;
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2]))
			return false;
	}
	return true;
}

int unpack_check_paths(struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry), *link = archive_entry_hardlink(entry);

	if (!is_inside(path))
		return err_set(err, EINVAL, "'%s' leads out of the container's root: refused", path ? path : "");
	if (link && !is_inside(link))
		return err_set(err, EINVAL, "'%s' is a hard link to '%s', which leads out of the container's root: refused",
			       path, link);
	return 0;
}

/* Of which of the trees a member is, and where its root is in the archive, allocated; -EINVAL: of none. */
static int find_tree(const struct strv *snapshots, const char *path, char **ret_root, struct err *err)
{
	for (size_t i = 0; i <= snapshots->n; i++) {
		autofree char *root = i ? str_fmt(PACK_SNAPSHOTS "/%s/" PACK_ROOT, snapshots->v[i - 1]) : strdup(PACK_ROOT);
		if (!root)
			return err_nomem(err);
		const size_t n = strlen(root);
		if (str_starts(path, root) && (path[n] == '/' || !path[n])) {
			*ret_root = steal_ptr(&root);
			return (int)i;
		}
	}
	return err_set(err, EINVAL, "'%s' is no part of a container: refused", path);
}

int unpack_find_place(struct archive_entry *entry, const struct strv *snapshots, struct err *err)
{
	autofree char *path = strdup(archive_entry_pathname(entry)), *link = NULL, *root = NULL;
	const char *to = archive_entry_hardlink(entry);
	size_t n;
	int tree;

	if (!path || (to && !(link = strdup(to))))
		return err_nomem(err);
	tree = find_tree(snapshots, path, &root, err);
	if (tree < 0)
		return tree;
	n = strlen(root);
	if (!path[n] || !path[n + 1]) {
		if (archive_entry_filetype(entry) != AE_IFDIR || link)
			return err_set(err, EINVAL, "'%s' is no folder: refused", path);
		archive_entry_copy_pathname(entry, ".");
		return tree;
	}
	if (link && (!str_starts(link, root) || link[n] != '/'))
		return err_set(err, EINVAL, "'%s' is no part of a container: refused", path);
	archive_entry_copy_pathname(entry, path + n + 1);
	if (link)
		archive_entry_copy_hardlink(entry, link + n + 1);
	return tree;
}
