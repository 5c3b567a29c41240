/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container with forwards that wake it: mgr-netd hears that it is about to be frozen, and has what comes from then on
 * wait, before anything is frozen: else a connection could come that nobody is told of. */
#include "base/log.h"
#include "supervisor/supervisor.h"

static bool wakes(const struct wire_net_join *join)
{
	return join->idle || wire_join_wakes(join);
}

bool doze_tell(struct supervisor *s)
{
	const struct wire_net_doze doze = { .state = s->state };
	struct netd_link *l = &s->netd;
	struct err err = { 0 };

	if (!l->join || !l->io || !wakes(l->join)) /* once it is there again, it hears how things are then */
		return false;
	if (wire_send(l->sock, WIRE_NET_DOZE, 0, &doze, sizeof doze, NULL, 0, &err) < 0) {
		log_warn("network: %s", err.msg);
		return false;
	}
	l->dozes++;
	return true;
}

void doze_answered(struct supervisor *s)
{
	if (s->netd.dozes)
		s->netd.dozes--;
	freeze_go_on(s);
}
