/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/args.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define EXIT_USAGE 64

enum letter {
	LETTER_CONVERT = 256,
	LETTER_DELTA,
	LETTER_FROM,
	LETTER_OFFSET,
	LETTER_LENGTH,
	LETTER_LOCK,
	LETTER_PROGRESS,
	LETTER_RAW,
	LETTER_READ_ONLY,
	LETTER_REPORT,
	LETTER_SIZE,
	LETTER_STATUS,
	LETTER_TAKE,
	LETTER_VERSION
};

static const struct option options[] = {
	{ "backing-from", required_argument, NULL, LETTER_FROM },
	{ "convert", no_argument, NULL, LETTER_CONVERT },
	{ "delta", required_argument, NULL, LETTER_DELTA },
	{ "help", no_argument, NULL, 'h' },
	{ "length", required_argument, NULL, LETTER_LENGTH },
	{ "lock", required_argument, NULL, LETTER_LOCK },
	{ "offset", required_argument, NULL, LETTER_OFFSET },
	{ "progress", no_argument, NULL, LETTER_PROGRESS },
	{ "raw", no_argument, NULL, LETTER_RAW },
	{ "read-only", no_argument, NULL, LETTER_READ_ONLY },
	{ "report", required_argument, NULL, LETTER_REPORT },
	{ "size", required_argument, NULL, LETTER_SIZE },
	{ "status", required_argument, NULL, LETTER_STATUS },
	{ "take", no_argument, NULL, LETTER_TAKE },
	{ "version", no_argument, NULL, LETTER_VERSION },
	{ 0 },
};

static const char help[] = "usage: mgr-qcow2 [--read-only | --delta FILE] [OPTION...] DISK DIR\n"
			   "       mgr-qcow2 --convert [OPTION...] DISK FILE|-\n"
			   "       mgr-qcow2 --take --delta FILE [OPTION...] DISK\n"
			   "Shows what is on a qcow2 disk as DIR/disk until DIR is unmounted, or writes it.\n\n"
			   "      --read-only          the disk can be read alone, as it is without\n"
			   "      --delta FILE         what is written goes there; without, the disk is read alone\n"
			   "      --size BYTES         with --delta: it has so many at least\n"
			   "      --report FD          tell there when DIR/disk can be opened, or why not\n"
			   "      --status FD          tell there how it has ended\n"
			   "      --lock FD            keep this descriptor open until it has ended\n"
			   "      --take               the delta stands on the disk as it is now\n"
			   "      --convert            write it to FILE, or to standard output, as a raw disk\n"
			   "      --offset BYTES       from there on\n"
			   "      --length BYTES       so many of them\n"
			   "      --progress           tell how far it is, in lines on standard error\n"
			   "      --raw                the disk is as it is, and no qcow2 one\n"
			   "      --backing-from DIR   what the disk stands on may be in this folder too\n"
			   "  -h, --help               show this\n"
			   "      --version            show the version\n";

static int complain(const char *what, const char *name)
{
	fprintf(stderr, "mgr-qcow2: %s%s%s\ntry 'mgr-qcow2 -h'\n", what, name ? " " : "", name ? name : "");
	return EXIT_USAGE;
}

static int take_size(const char *name, const char *text, uint64_t *ret)
{
	if (str_size(text, ret) == 0)
		return 0;
	fprintf(stderr, "mgr-qcow2: %s: '%s' is no size: digits, with K, M, G or T\n", name, text);
	return EXIT_FAILURE;
}

static int take_fd(const char *name, const char *text, int *ret)
{
	uint64_t fd;

	if (str_uint(text, 3, INT_MAX, &fd) < 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr, "mgr-qcow2: %s: '%s' is no descriptor\n", name, text);
		return EXIT_FAILURE;
	}
	*ret = (int)fd;
	return 0;
}

static int take_option(int c, const char *word, struct args *args)
{
	switch (c) {
	case LETTER_CONVERT:
		args->convert = true;
		return 0;
	case LETTER_DELTA:
		args->broker.delta = optarg;
		return 0;
	case LETTER_FROM:
		return strv_add(&args->broker.from, optarg) < 0 ? EXIT_FAILURE : 0;
	case LETTER_OFFSET:
		return take_size("--offset", optarg, &args->offset);
	case LETTER_LENGTH:
		args->cut = true;
		return take_size("--length", optarg, &args->length);
	case LETTER_SIZE:
		return take_size("--size", optarg, &args->size);
	case LETTER_PROGRESS:
		args->progress = true;
		return 0;
	case LETTER_RAW:
		args->raw = true;
		return 0;
	case LETTER_READ_ONLY:
		args->read_only = true;
		return 0;
	case LETTER_REPORT:
		return take_fd("--report", optarg, &args->report);
	case LETTER_STATUS:
		return take_fd("--status", optarg, &args->status);
	case LETTER_TAKE:
		args->take = true;
		return 0;
	case LETTER_LOCK:
		return take_fd("--lock", optarg, &args->lock);
	case ':':
		return complain(word, "wants a value");
	default:
		return complain("unknown option", word);
	}
}

int args_read(int argc, char *argv[], struct args *args)
{
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
		if (c == 'h' || c == LETTER_VERSION) {
			fputs(c == 'h' ? help : "mgr-qcow2 " PACKAGE_VERSION "\n", stdout);
			return -1;
		}
		int status = take_option(c, argv[optind - 1], args);
		if (status)
			return status;
	}
	if (!args->convert && (args->cut || args->offset))
		return complain("--offset and --length are for --convert", NULL);
	if (args->size && !args->broker.delta)
		return complain("--size is for --delta", NULL);
	if (args->broker.delta && (args->convert || args->read_only))
		return complain("--delta is for writing, not with --read-only or --convert", NULL);
	if (args->take && (!args->broker.delta || args->convert))
		return complain("--take goes with --delta", NULL);
	if (argc - optind < 2 - args->take)
		return complain(args->take      ? "a disk is wanted"
				: args->convert ? "a disk and a file are wanted"
						: "a disk and a folder are wanted",
				NULL);
	if (argc - optind > 2 - args->take)
		return complain("too many words:", argv[optind + 2 - args->take]);
	args->broker.disk = argv[optind];
	if (args->take)
		return 0;
	*(args->convert ? &args->broker.output : &args->broker.folder) = argv[optind + 1];
	return 0;
}
