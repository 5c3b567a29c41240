/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How things are with the container, for whoever asks or watches, and in the lock. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "store/store.h"
#include "supervisor/supervisor.h"

void supervisor_status(const struct supervisor *s, struct wire_status *st)
{
	*st = (struct wire_status){
		.state = s->state,
		.init_pid = s->init,
		.supervisor_pid = getpid(),
		.ready = s->ready,
		.started = s->started,
		.run = s->run,
		.ended = s->ended,
		.exit_status = s->ended ? s->init_status : 0,
		.oom_kills = s->oom.kills,
		.unserved = s->unserved,
		.failing = s->failing,
	};
	memcpy(st->ready_how, s->ready_how, sizeof st->ready_how);
	memcpy(st->status, s->status, sizeof st->status);
}

void supervisor_tell(struct supervisor *s)
{
	struct wire_status st;

	supervisor_status(s, &st);
	wire_server_tell(&s->server, WIRE_WATCH, &st, sizeof st);
}

static enum store_phase phase_of(enum wire_state state)
{
	static const enum store_phase phases[WIRE_STATES] = {
		[WIRE_STOPPED] = STORE_RUNNING,   [WIRE_STARTING] = STORE_STARTING, [WIRE_RUNNING] = STORE_RUNNING,
		[WIRE_STOPPING] = STORE_STOPPING, [WIRE_ABORTING] = STORE_ABORTING, [WIRE_FREEZING] = STORE_FREEZING,
		[WIRE_FROZEN] = STORE_FROZEN,     [WIRE_THAWED] = STORE_THAWED,
	};

	return phases[state];
}

void supervisor_enter(struct supervisor *s, enum wire_state state)
{
	if (s->state == state)
		return;
	s->state = state;
	if (s->lock >= 0)
		store_lock_phase(s->lock, phase_of(state));
	file_rotate(s->log, s->log_max);
	log_info("%s", wire_state_names[state]);
	supervisor_tell(s);
}
