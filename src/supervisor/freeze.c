/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WIRE_FREEZE and WIRE_THAW: the kernel is asked, and whoever asked us has the answer when its event says that it is so. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/supervisor.h"

/* v1 has no event: looked at again after a while that doubles. v2 has one at most every 10 ms (CGROUP_FILE_NOTIFY_MIN_INTV
 * in the kernel's cgroup.c), so that a change soon after another is told late: for so long it is looked at as well. */
#define LOOK_FIRST CLOCK_MS
#define LOOK_MOST  (50 * CLOCK_MS)
#define EVENT_GAP  (10 * CLOCK_MS)

#define ASK_TIME (200 * CLOCK_MS) /* for mgr-netd's answer */

static void settle(struct supervisor *s);

static void changed(void *data, uint32_t events)
{
	(void)events;
	settle(data);
}

static void look_again(void *data)
{
	settle(data);
}

static void watch_no_more(struct supervisor *s)
{
	struct freeze *f = &s->freeze;

	loop_timer_stop(s->loop, &f->look);
	loop_timer_stop(s->loop, &f->late);
	loop_io_remove(s->loop, f->io);
	f->io = NULL;
	f->asked = false;
}

static void let_go(struct supervisor *s)
{
	watch_no_more(s);
	if (s->freeze.open)
		cgroup_freezer_close(&s->freeze.freezer);
	s->freeze.open = false;
}

/* It is as it should be: say so. */
static void settled(struct supervisor *s)
{
	const bool frozen = s->state == WIRE_FREEZING;

	if (frozen)
		watch_no_more(s);
	else
		let_go(s);
	supervisor_enter(s, frozen ? WIRE_FROZEN : WIRE_RUNNING);
	doze_tell(s);
	wire_server_answer(&s->server, frozen ? WIRE_FREEZE : WIRE_THAW, NULL);
}

static void settle(struct supervisor *s)
{
	struct freeze *f = &s->freeze;
	int r;

	if (f->asked)
		return;
	r = cgroup_freezer_frozen(&f->freezer);
	if (r == (s->state == WIRE_FREEZING)) {
		settled(s);
		return;
	}
	f->wait = f->wait * 2 < LOOK_MOST ? f->wait * 2 : LOOK_MOST;
	if (f->io && f->freezer.beside < 0 && f->wait > EVENT_GAP)
		return;
	loop_timer_start(s->loop, &f->look, clock_in(f->wait));
}

static int open_freezer(struct supervisor *s, struct err *err)
{
	struct freeze *f = &s->freeze;
	int r = f->open ? 0 : cgroup_freezer_open(&f->freezer, s->cgroups, s->n_cgroups, err);

	if (r == 0)
		f->open = true;
	return r;
}

/* Ask for it, and watch. */
static int begin(struct supervisor *s, bool frozen, struct err *err)
{
	struct freeze *f = &s->freeze;
	int r = open_freezer(s, err);

	if (r == 0)
		r = cgroup_freezer_set(&f->freezer, frozen, err);
	if (r < 0)
		return r;
	watch_no_more(s);
	f->look.fn = look_again;
	f->look.data = s;
	f->wait = LOOK_FIRST / 2;
	if (f->freezer.v2)
		f->io = loop_io_add(s->loop, f->freezer.look, EPOLLPRI, changed, s);
	return 0;
}

static void answer_all(struct supervisor *s, enum wire_type type, int code, const char *why)
{
	struct err err = { 0 };

	err_set(&err, code, "%s", why);
	wire_server_answer(&s->server, type, &err);
}

static void thaw(struct supervisor *s)
{
	supervisor_enter(s, WIRE_THAWED);
	settle(s);
}

/* What could be stopped runs on. */
static void too_late(void *data)
{
	struct supervisor *s = data;
	struct err err = { 0 };

	if (begin(s, false, &err) < 0)
		log_error("thaw: %s", err.msg);
	answer_all(s, WIRE_FREEZE, ETIMEDOUT, "not every process could be stopped in time: all run on");
	thaw(s);
}

static int check_runs(const struct supervisor *s, struct err *err)
{
	if (1U << s->state & WIRE_STATES_RUN)
		return 0;
	if (s->state == WIRE_STARTING)
		return err_set(err, EAGAIN, "is starting");
	return err_set(err, ESRCH, s->init ? "is stopping" : "is not running");
}

void freeze_go_on(struct supervisor *s)
{
	const uint64_t late = s->freeze.late.deadline;
	struct err err = { 0 };

	if (!s->freeze.asked)
		return;
	if (begin(s, true, &err) >= 0) {
		loop_timer_start(s->loop, &s->freeze.late, late);
		settle(s);
		return;
	}
	wire_server_answer(&s->server, WIRE_FREEZE, &err);
	begin(s, false, NULL);
	thaw(s);
}

static void without_answer(void *data)
{
	freeze_go_on(data);
}

/* What could wake it waits before it is frozen. */
static int begin_freeze(struct supervisor *s, struct err *err)
{
	struct freeze *f = &s->freeze;
	int r = open_freezer(s, err);

	if (r < 0)
		return r;
	supervisor_enter(s, WIRE_FREEZING);
	if (!doze_tell(s))
		return begin(s, true, err);
	watch_no_more(s);
	f->asked = true;
	f->look.fn = without_answer;
	f->look.data = s;
	loop_timer_start(s->loop, &f->look, clock_in(ASK_TIME));
	return 0;
}

int answer_freeze(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct supervisor *s = client->server->data;
	struct wire_freeze req;

	memcpy(&req, payload, len);
	if (check_runs(s, err) < 0)
		return -err->code;
	if (s->state == WIRE_FROZEN) {
		wire_client_send(client, WIRE_FREEZE, NULL, 0, NULL, 0);
		return 0;
	}
	if (s->state != WIRE_FREEZING) {
		const enum wire_state was = s->state;
		if (begin_freeze(s, err) < 0) {
			supervisor_enter(s, was);
			return -err->code;
		}
		answer_all(s, WIRE_THAW, ECANCELED, "was frozen again meanwhile");
		s->freeze.late.fn = too_late;
		s->freeze.late.data = s;
		loop_timer_start(s->loop, &s->freeze.late, clock_in(req.timeout));
	}
	client->due = WIRE_FREEZE;
	settle(s);
	return 0;
}

int answer_thaw(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct supervisor *s = client->server->data;

	(void)payload, (void)len;
	if (check_runs(s, err) < 0)
		return -err->code;
	if (s->state != WIRE_THAWED && begin(s, false, err) < 0)
		return -err->code;
	if (s->state == WIRE_RUNNING && cgroup_freezer_frozen(&s->freeze.freezer) == 0) {
		let_go(s);
		wire_client_send(client, WIRE_THAW, NULL, 0, NULL, 0);
		return 0;
	}
	answer_all(s, WIRE_FREEZE, ECANCELED, "was unfrozen meanwhile");
	client->due = WIRE_THAW;
	thaw(s);
	return 0;
}

void freeze_end(struct supervisor *s)
{
	struct err err = { 0 };

	if (open_freezer(s, NULL) < 0)
		return;
	if (cgroup_freezer_set(&s->freeze.freezer, false, &err) < 0)
		log_warn("thaw: %s", err.msg);
	let_go(s);
	answer_all(s, WIRE_FREEZE, ESRCH, "is stopping");
	answer_all(s, WIRE_THAW, ESRCH, "is stopping");
}
