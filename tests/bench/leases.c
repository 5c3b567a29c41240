/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* leases STORE-ROOT N: what a lease costs, reserved, found and freed, beside few others and beside N of them: us of
 * processor time each, which others on the machine do not change. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "store/leases.h"

#define EACH 500

static struct store store;

static struct lease lease_of(unsigned n)
{
	struct lease lease = { 0 };

	snprintf(lease.uuid, sizeof lease.uuid, "00000000-0000-4000-8000-%012u", n);
	snprintf(lease.name, sizeof lease.name, "c%u", n);
	return lease;
}

static void or_end(int r, const struct err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "leases: %s\n", err->msg);
	exit(1);
}

/* What a registry looks for before it takes a lease for a dead container's. */
static void make_owners(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct lease lease = lease_of(i);
		autofree char *folder = str_fmt("%s/%s", store.containers, lease.name), *path = str_fmt("%s/config", folder);
		struct err err = { 0 };
		or_end(file_mkdirs_at(AT_FDCWD, folder, 0700, &err), &err);
		autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		or_end(fd < 0 ? -1 : file_write_all(fd, lease.uuid, strlen(lease.uuid)), &err);
	}
}

static void reserve(unsigned from, unsigned n)
{
	struct err err = { 0 };

	for (unsigned i = from; i < from + n; i++) {
		struct lease lease = lease_of(i);
		or_end(leases_reserve(&store, &lease, (struct in_addr){ 0 }, &err), &err);
	}
}

static uint64_t used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * CLOCK_SECOND + (uint64_t)t.tv_nsec;
}

static double per(uint64_t start)
{
	return (double)(used() - start) / 1000 / EACH;
}

static void measure(unsigned beside)
{
	struct err err = { 0 };
	uint64_t start = used();

	reserve(beside, EACH);
	printf("%7u: reserve %6.1f", beside, per(start));
	start = used();
	for (unsigned i = beside; i < beside + EACH; i++) {
		struct lease lease = lease_of(i), found;
		or_end(leases_find(&store, "", lease.uuid, &found, &err), &err);
	}
	printf("  find %6.1f", per(start));
	start = used();
	for (unsigned i = beside; i < beside + EACH; i++)
		or_end(leases_release(&store, lease_of(i).uuid, &err), &err);
	printf("  free %6.1f us\n", per(start));
}

int main(int argc, char *argv[])
{
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10000;
	struct err err = { 0 };

	setenv("MGR_ROOT", argc > 1 ? argv[1] : ".", 1);
	or_end(store_open(&store, NULL, &err), &err);
	or_end(store_make(&store, &err), &err);
	make_owners(n + EACH);
	measure(0);
	reserve(0, n);
	measure(n);
	return 0;
}
