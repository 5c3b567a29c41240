/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd-resolved (org.freedesktop.resolve1(5)): what is asked of an interface's own server. It keeps that over restarts,
 * and forgets it with the interface. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>

#include "base/str.h"
#include "unit/systemd/systemd.h"

#define NAME    "org.freedesktop.resolve1"
#define MANAGER NAME ".Manager"

struct link {
	sd_bus *bus;
	int index;
	struct in_addr server;
	const char *const *domains;
};

/* Never starts it. */
static int call(struct link *l, const char *member, sd_bus_message *m, sd_bus_message **reply, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_message_set_auto_start(m, 0);

	if (r >= 0)
		r = sd_bus_call(l->bus, m, 0, &error, reply);
	if (r < 0 && bus_is_absent(&error))
		r = -ENOENT;
	if (r < 0 && r != -ENOENT)
		r = bus_failed(err, r, &error, member);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int start(struct link *l, const char *member, sd_bus_message **m)
{
	int r = sd_bus_message_new_method_call(l->bus, m, NAME, "/org/freedesktop/resolve1", MANAGER, member);

	return r < 0 ? r : sd_bus_message_append(*m, "i", l->index);
}

static int finish(struct link *l, const char *member, sd_bus_message *m, int built, struct err *err)
{
	int r = built < 0 ? bus_failed(err, built, NULL, member) : call(l, member, m, NULL, err);

	sd_bus_message_unref(m);
	return r;
}

static int set_server(struct link *l, struct err *err)
{
	static const char member[] = "SetLinkDNS";
	sd_bus_message *m = NULL;
	int r = start(l, member, &m);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(iay)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'r', "iay");
	if (r >= 0)
		r = sd_bus_message_append(m, "i", AF_INET);
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'y', &l->server, sizeof l->server);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return finish(l, member, m, r, err);
}

/* true: only what ends in it is asked of this server, and nothing is appended to what is asked for. */
static int set_domains(struct link *l, struct err *err)
{
	static const char member[] = "SetLinkDomains";
	sd_bus_message *m = NULL;
	int r = start(l, member, &m);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sb)");
	for (const char *const *domain = l->domains; *domain && r >= 0; domain++)
		r = sd_bus_message_append(m, "(sb)", *domain, 1);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return finish(l, member, m, r, err);
}

static int set_text(struct link *l, const char *member, const char *value, struct err *err)
{
	sd_bus_message *m = NULL;
	int r = start(l, member, &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "s", value);
	return finish(l, member, m, r, err);
}

static int set_default_route(struct link *l, struct err *err)
{
	static const char member[] = "SetLinkDefaultRoute";
	sd_bus_message *m = NULL;
	int r = start(l, member, &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "b", 0);
	return finish(l, member, m, r, err);
}

/* One that is told again writes its files anew, by which mgr-netd sees that there is something to look at. */
static bool is_told(struct link *l)
{
	sd_bus_message *m = NULL, *reply = NULL, *value = NULL;
	const char *path, *domain = NULL;
	bool told = false;

	if (start(l, "GetLink", &m) >= 0 && call(l, "GetLink", m, &reply, NULL) >= 0 &&
	    sd_bus_message_read(reply, "o", &path) >= 0 &&
	    sd_bus_get_property(l->bus, NAME, path, NAME ".Link", "Domains", NULL, &value, "a(sb)") >= 0 &&
	    sd_bus_message_enter_container(value, 'a', "(sb)") >= 0 && sd_bus_message_read(value, "(sb)", &domain, NULL) > 0)
		told = str_eq(domain, l->domains[0]);
	sd_bus_message_unref(value);
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return told;
}

static int set_all(struct link *l, struct err *err)
{
	int r = set_server(l, err);

	if (r >= 0)
		r = set_default_route(l, err);
	if (r >= 0)
		r = set_text(l, "SetLinkDNSSEC", "no", err);
	if (r >= 0)
		r = set_text(l, "SetLinkLLMNR", "no", err);
	if (r >= 0)
		r = set_text(l, "SetLinkMulticastDNS", "no", err);
	return r < 0 ? r : set_domains(l, err);
}

int resolved_tell(const char *interface, const char *server, const char *const domains[], struct err *err)
{
	struct link l = { .index = (int)if_nametoindex(interface), .domains = domains };
	int r;

	if (!l.index || !domains[0] || inet_pton(AF_INET, server, &l.server) != 1)
		return err_set(err, EINVAL, "nothing to tell systemd-resolved of '%s'", interface);
	r = sd_bus_open_system(&l.bus);
	if (r < 0)
		return bus_failed(err, r, NULL, "connect to the system bus");
	r = is_told(&l) ? 0 : set_all(&l, err);
	sd_bus_flush_close_unref(l.bus);
	return r == -ENOENT ? 0 : r;
}
