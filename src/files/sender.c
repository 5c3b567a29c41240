/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "files/sender.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

static int lost(int e, uint64_t patience, struct err *err)
{
	if (e == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "nothing was taken for %u s", (unsigned)(patience / CLOCK_SECOND));
	return err_set(err, ECONNRESET, "what makes the files has ended early");
}

int sender_take_result(struct sender *s, struct err *err)
{
	struct err said;
	int r, tries = 0;

	do /* a reset is reported once, before what is there to be read */
		r = packet_receive(s->sock, s->p, s->patience);
	while (r == -ECONNRESET && tries++ < 2);
	if (r < 0 || s->p->head.type != RECORD_RESULT || s->p->n != sizeof said)
		return lost(r, s->patience, err);
	memcpy(&said, s->p->body, sizeof said);
	return said.code ? err_set(err, said.code, "%.*s", (int)sizeof said.msg - 1, said.msg) : 0;
}

int sender_put(struct sender *s, struct err *err)
{
	int r = packet_send(s->sock, s->p, s->patience);

	if (r == 0)
		return 0;
	if (r == -ETIMEDOUT)
		return lost(r, s->patience, err);
	if (r != -EPIPE && r != -ECONNRESET) /* the other side waits for more, and has nothing to say */
		return err_sys(err, -r, "send '%s'", str_text(&s->path));
	return sender_take_result(s, err) < 0 ? -err->code : lost(-ECONNRESET, 0, err);
}

int sender_put_record(struct sender *s, struct record head, const char *name, const char *rest, struct err *err)
{
	size_t n = name ? strlen(name) : 0, m = rest ? strlen(rest) : 0;

	if (n + m > FILES_BODY)
		return err_set(err, ENAMETOOLONG, "'%s' is too long", str_text(&s->path));
	head.name = (uint32_t)n;
	s->p->head = head;
	memcpy(s->p->body, name ? name : "", n);
	memcpy(s->p->body + n, rest ? rest : "", m);
	s->p->n = n + m;
	return sender_put(s, err);
}
