/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* records write FOLDER: numbered records, each on disk by fsync(2) before its number is printed: some into one file, over
 * older ones, some into files of their own. It goes on where the last one ended.
 * records check FOLDER N: is all there that was said to be: records 1 to N, and no other but one that was under way? */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE  4096
#define SLOTS 64
#define EACH  8 /* so many go into the one file for each that is a file */

struct record {
	uint64_t number;
	uint64_t words[SIZE / 8 - 1];
};

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void fill(struct record *record, uint64_t number)
{
	uint64_t x = number * 0x9e3779b97f4a7c15U + 1;

	record->number = number;
	for (size_t i = 0; i < SIZE / 8 - 1; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		record->words[i] = x;
	}
}

static int is_file(uint64_t number)
{
	return number % EACH == 0;
}

static unsigned slot_of(uint64_t number)
{
	return (unsigned)((number * 7) % SLOTS);
}

static int open_slots(void)
{
	int fd = open("slots", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || (lseek(fd, 0, SEEK_END) == 0 && (ftruncate(fd, SIZE * SLOTS) < 0 || fsync(fd) < 0)))
		fail("slots");
	return fd;
}

static void write_file(const struct record *record)
{
	char name[32], temporary[48];
	int fd, here = open(".", O_RDONLY | O_DIRECTORY);

	snprintf(name, sizeof name, "file.%llu", (unsigned long long)record->number);
	snprintf(temporary, sizeof temporary, "%s.new", name);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, record, SIZE) != SIZE || fsync(fd) < 0 || rename(temporary, name) < 0 || fsync(here) < 0)
		fail(name);
	close(fd);
	close(here);
}

static int same(const struct record *found, uint64_t number)
{
	struct record wanted;

	fill(&wanted, number);
	return memcmp(found, &wanted, SIZE) == 0;
}

static uint64_t last(int slots)
{
	struct record record;
	uint64_t max = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		if (pread(slots, &record, SIZE, (off_t)i * SIZE) == SIZE && record.number > max &&
		    same(&record, record.number))
			max = record.number;
	return max;
}

static void write_all(void)
{
	int slots = open_slots();
	struct record record;

	for (uint64_t n = last(slots) + 1;; n++) {
		fill(&record, n);
		if (is_file(n))
			write_file(&record);
		else if (pwrite(slots, &record, SIZE, (off_t)slot_of(n) * SIZE) != SIZE || fsync(slots) < 0)
			fail("slots");
		printf("record %llu\n", (unsigned long long)n);
		fflush(stdout);
	}
}

static int lost(uint64_t number, const struct record *found)
{
	printf("record %llu is lost: there is %llu%s\n", (unsigned long long)number, (unsigned long long)found->number,
	       same(found, found->number) ? "" : ", broken");
	return 1;
}

static int check_slot(int slots, unsigned slot, uint64_t n)
{
	struct record found = { 0 };
	uint64_t newest = 0;

	for (uint64_t i = n > SLOTS * EACH * 2 ? n - SLOTS * EACH * 2 : 1; i <= n; i++)
		if (!is_file(i) && slot_of(i) == slot)
			newest = i;
	if (pread(slots, &found, SIZE, (off_t)slot * SIZE) != SIZE)
		fail("slots");
	/* the one that was under way may be there, or not, or in part */
	if (slot_of(n + 1) == slot && !is_file(n + 1))
		return 0;
	/* nor is one that was written when its number, or that of the one before, did not come out any more a loss */
	if (found.number > n && slot_of(found.number) == slot && same(&found, found.number))
		return 0;
	return newest > 0 && !same(&found, newest) ? lost(newest, &found) : 0;
}

static int check_file(uint64_t number)
{
	struct record found = { 0 };
	char name[32];
	int fd;

	snprintf(name, sizeof name, "file.%llu", (unsigned long long)number);
	fd = open(name, O_RDONLY);
	if (fd < 0 || read(fd, &found, SIZE) != SIZE || !same(&found, number))
		return lost(number, &found);
	close(fd);
	return 0;
}

static int check_all(uint64_t n)
{
	int bad = 0, slots = n > 0 ? open("slots", O_RDONLY) : -1;

	if (n > 0 && slots < 0)
		fail("slots");
	for (unsigned i = 0; n > 0 && i < SLOTS; i++)
		bad += check_slot(slots, i, n);
	for (uint64_t i = EACH; i <= n; i += EACH)
		bad += check_file(i);
	printf("%llu records, %d lost\n", (unsigned long long)n, bad);
	return bad > 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || (strcmp(argv[1], "check") == 0) != (argc == 4))
		return 64;
	if (chdir(argv[2]) < 0)
		fail(argv[2]);
	if (argc == 4)
		return check_all(strtoull(argv[3], NULL, 10));
	write_all();
}
