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

void lease_read_domain(const struct registry *reg, char ret[static LEASE_DOMAIN])
{
	if (reg->dir < 0 || file_read_small_at(reg->dir, FILE_NAME, ret, LEASE_DOMAIN, NULL) < 0)
		str_print(ret, LEASE_DOMAIN, LEASE_DOMAIN_USUAL);
}

int leases_use_domain(const struct store *store, const char *network, const char *domain, struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(reg);
	char is[LEASE_DOMAIN];
	int r;

	lease_open(&reading, store, network, false, NULL);
	lease_read_domain(&reading, is);
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
