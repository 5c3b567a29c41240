/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the names of a network's containers end in: a file beside its leases, where that is not the usual. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "store/internal.h"
#include "store/leases.h"

#define FILE_NAME "domain"

void leases_domain(const struct store *store, const char *network, char ret[static LEASE_DOMAIN])
{
	REGISTRY_INIT(reg);

	if (lease_open(&reg, store, network, false, NULL) < 0 || reg.dir < 0 ||
	    file_read_small_at(reg.dir, FILE_NAME, ret, LEASE_DOMAIN, NULL) < 0)
		str_print(ret, LEASE_DOMAIN, LEASE_DOMAIN_USUAL);
}

int leases_use_domain(const struct store *store, const char *network, const char *domain, struct err *err)
{
	REGISTRY_INIT(reg);
	char is[LEASE_DOMAIN];
	int r;

	leases_domain(store, network, is);
	if (str_eq(is, domain))
		return 0;
	r = lease_make(&reg, store, network, err);
	if (r < 0)
		return r;
	if (!str_eq(domain, LEASE_DOMAIN_USUAL))
		return file_replace_at(reg.dir, FILE_NAME, domain, strlen(domain), 0600, err);
	unlinkat(reg.dir, FILE_NAME, 0);
	return 0;
}
