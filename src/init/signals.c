/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "init/init.h"

/* SIGRTMIN as the kernel and systemd count it: glibc keeps the first two to itself, so its SIGRTMIN is 34 */
static const struct known {
	const char *program; /* its file's name, links followed */
	int halt, reboot;    /* offsets from SIGRTMIN when negative: -3 is SIGRTMIN+3 */
} known[] = {
	{ "systemd", -3, -5 }, /* systemd(1): SIGRTMIN+3 halts, +5 reboots */
	{ "busybox", SIGUSR2, SIGTERM },
	{ "init", SIGPWR, SIGINT },
};

/* The name of the file that path leads to inside the root. */
static const struct known *which(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH, 0);
	char link[32], target[4096];
	const char *name = "";
	ssize_t n = -1;

	if (fd >= 0 && str_print(link, sizeof link, "/proc/self/fd/%d", fd) == 0)
		n = readlink(link, target, sizeof target - 1);
	if (n > 0) {
		target[n] = '\0';
		name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known) - 1; i++)
		if (str_eq(known[i].program, name))
			return &known[i];
	return &known[ARRAY_SIZE(known) - 1];
}

static int number(int sig)
{
	return sig < 0 ? SIGRTMIN - sig : sig;
}

bool init_says_ready(int root, const char *path)
{
	return str_eq(which(root, path)->program, "systemd");
}

int init_halt_signal(int root, const char *path)
{
	return number(which(root, path)->halt);
}

int init_reboot_signal(int root, const char *path)
{
	return number(which(root, path)->reboot);
}
