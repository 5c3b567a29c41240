/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A registry of leases a network: the default one's is .leases itself, another one's .leases/networks/NAME. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/internal.h"
#include "store/leases.h"

#define OTHERS ".leases/networks"

static char *folder_of(const char *network)
{
	return *network ? str_fmt(OTHERS "/%s", network) : str_fmt(".leases");
}

static int make_parents(const struct store *store, struct err *err)
{
	static const char *const parents[] = { ".leases", OTHERS };

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		autofree char *path = str_fmt("%s/%s", store->manager, parents[i]);
		if (!path)
			return err_nomem(err);
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder '%s'", path);
	}
	return 0;
}

int lease_open(struct registry *reg, const struct store *store, const char *network, bool write, struct err *err)
{
	autofree char *folder = folder_of(network);
	int r = folder ? 0 : err_nomem(err);

	if (r == 0 && write && *network)
		r = make_parents(store, err);
	return r < 0 ? r : registry_open(reg, store, folder, write, err);
}

int lease_make(struct registry *reg, const struct store *store, const char *network, struct err *err)
{
	int r = store_make(store, err);

	return r < 0 ? r : lease_open(reg, store, network, true, err);
}

bool leases_known(const struct store *store, const char *network)
{
	autofree char *path = str_fmt("%s/" OTHERS "/%s", store->manager, network);

	return !*network || (path && access(path, F_OK) == 0);
}

const char *lease_network_text(const char *network, char text[static LEASE_NETWORK_TEXT])
{
	str_print(text, LEASE_NETWORK_TEXT, *network ? "network '%s'" : "the managed network", network);
	return text;
}

int leases_each_network(const struct store *store, int (*fn)(const char *network, void *data), void *data, struct err *err)
{
	autofree char *path = str_fmt("%s/" OTHERS, store->manager);
	autoclosedir DIR *dir = path ? opendir(path) : NULL;
	const struct dirent *e;
	int r = path ? fn("", data) : err_nomem(err);

	while (r == 0 && dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && strlen(e->d_name) < LEASE_NETWORK)
			r = fn(e->d_name, data);
	return r;
}
