/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Into a container: does its service take what comes? */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "netd/ports.h"
#include "netd/wake_internal.h"

#define ANSWER_TIME (50 * CLOCK_MS) /* of its supervisor */

static int ask(const struct waker *w, struct wire_status *ret)
{
	const struct wire_net_join *join = w->self.join;
	autocall(store_done) struct store store = { 0 };
	autoclose int folder = -1, sock = -1;
	int r = store_open(&store, join->store, NULL);

	if (r < 0)
		return r;
	folder = store_runtime(&store, join->name, false, NULL);
	sock = folder < 0 ? folder : wire_connect_by(folder, "control", clock_in(ANSWER_TIME), NULL);
	if (sock < 0)
		return sock;
	return wire_call(sock, WIRE_STATUS, NULL, 0, ret, sizeof *ret, clock_in(ANSWER_TIME), NULL);
}

/* Its init, by whose namespaces it is looked into. One that is ready, and knows what that is, has what it will have. */
static int find_init(struct waker *w)
{
	struct wire_status st = { 0 };
	int r = w->init && w->ready != CLOCK_NEVER ? w->init : ask(w, &st);

	if (r < 0 || st.init_pid <= 0)
		return r < 0 ? r : w->init ? w->init : -ESRCH;
	if (st.ready && w->ready == CLOCK_NEVER && !str_eq(st.ready_how, "exec"))
		w->ready = clock_now();
	return w->init = st.init_pid;
}

int waker_look(struct waker *w, uint8_t proto, uint16_t port)
{
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), its = -1;
	char path[48];
	int r = find_init(w);

	if (r <= 0 || own < 0)
		return r < 0 ? r : -EIO;
	str_print(path, sizeof path, "/proc/%d/ns/net", (int)w->init);
	its = open(path, O_RDONLY | O_CLOEXEC);
	if (its < 0 || setns(its, CLONE_NEWNET) < 0)
		return -errno;
	r = ports_awaited(proto, port);
	if (setns(own, CLONE_NEWNET) < 0) {
		log_error("cannot leave the network of '%s'", w->self.join->name);
		_exit(1); /* a new one begins with what is written down */
	}
	return r;
}
