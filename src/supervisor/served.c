/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the container stands on may be served by a process (storage/disk_server.c). Without it, files answer with errors
 * until the next run, which has another one: the guest goes on, and is told of. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/supervisor.h"

static void unwatch(struct supervisor *s)
{
	loop_io_remove(s->loop, s->served_io);
	s->served_io = NULL;
	if (s->served >= 0)
		close(s->served);
	s->served = -1;
}

/* Without anybody who has it mounted it ends, as it should: that may be heard of before init's end. */
static bool ended_well(const struct supervisor *s)
{
	char said[2];

	return pread(s->storage_use, said, sizeof said, 0) == sizeof said && memcmp(said, "ok", sizeof said) == 0;
}

static void ended(void *data, uint32_t events)
{
	struct supervisor *s = data;
	struct timespec now;

	(void)events;
	unwatch(s);
	if (ended_well(s))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	s->unserved = (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
	log_error(
		"storage: the server of its disk was killed: files answer with I/O errors until it is stopped and started");
	supervisor_tell(s);
}

int served_watch(struct supervisor *s, struct err *err)
{
	if (s->served < 0)
		return 0;
	s->served_io = loop_io_add(s->loop, s->served, EPOLLIN, ended, s);
	return s->served_io ? 0 : err_sys(err, errno, "watch the server of its disk");
}

/* It may have taken the guest's init with it: whose end is heard of first says nothing. */
void served_stop(struct supervisor *s)
{
	if (s->served >= 0 && fd_wait(s->served, POLLIN, clock_now()) >= 0)
		ended(s, 0);
	unwatch(s);
}
