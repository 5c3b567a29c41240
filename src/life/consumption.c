/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/consumption.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/glance.h"

#define NET_DEV_MAX (1 << 20)
/* Numbers of a line of /proc/PID/net/dev. */
enum net_dev_column {
	BYTES_RECEIVED = 0,
	PACKETS_RECEIVED = 1,
	BYTES_SENT = 8,
	PACKETS_SENT = 9,
	COLUMNS,
};

static const char *last_of(const struct strv *list)
{
	return list->n ? list->v[list->n - 1] : NULL;
}

/* The name inside of [net.N]; a NIC of the host that has none keeps its own. */
static int add_name(const char *spec, const char *section, const char *type, struct strv *ret)
{
	autocall(strv_done) struct strv name = { 0 };
	int r = glance_in(spec, section, "name", &name);

	if (r >= 0 && !name.n && str_eq(type, "phys"))
		r = glance_in(spec, section, "link", &name);
	if (r < 0)
		return r;
	return name.n ? strv_add(ret, last_of(&name)) : strv_addf(ret, "eth%s", section + strlen("net."));
}

/* -ENOENT when it has none, or uses the host's. */
static int list_interfaces(const char *spec, struct strv *ret)
{
	autocall(strv_done) struct strv sections = { 0 };
	int r = glance_sections(spec, "net.", &sections);

	for (size_t i = 0; i < sections.n && r >= 0; i++) {
		autocall(strv_done) struct strv type = { 0 };
		r = glance_in(spec, sections.v[i], "type", &type);
		if (r >= 0 && str_eq(last_of(&type), "host"))
			return -ENOENT;
		if (r >= 0 && !str_eq(last_of(&type), "empty"))
			r = add_name(spec, sections.v[i], last_of(&type), ret);
	}
	return r < 0 ? r : ret->n ? 0 : -ENOENT;
}

/* "  eth0: 1234 5 0 0 0 0 0 0 5678 ..." */
static void add_line(char *line, const struct strv *interfaces, struct traffic *to)
{
	char *colon = strchr(line, ':'), *at;
	uint64_t numbers[COLUMNS];

	line += strspn(line, " ");
	if (!colon)
		return;
	*colon = '\0';
	at = colon + 1;
	if (!strv_has(interfaces, line))
		return;
	for (size_t i = 0; i < COLUMNS; i++)
		numbers[i] = strtoull(at, &at, 10);
	to->received += numbers[BYTES_RECEIVED];
	to->packets_received += numbers[PACKETS_RECEIVED];
	to->sent += numbers[BYTES_SENT];
	to->packets_sent += numbers[PACKETS_SENT];
}

int life_traffic(pid_t init, const char *spec, struct traffic *ret)
{
	autocall(strv_done) struct strv interfaces = { 0 };
	autofree char *text = NULL;
	char path[32], *rest, *line;
	int r = list_interfaces(spec, &interfaces);

	if (r < 0)
		return r;
	snprintf(path, sizeof path, "/proc/%d/net/dev", (int)init);
	if (file_read_at(AT_FDCWD, path, NET_DEV_MAX, &text, NULL, NULL) < 0)
		return -ENOENT;
	*ret = (struct traffic){ 0 };
	for (rest = text; (line = strsep(&rest, "\n"));)
		add_line(line, &interfaces, ret);
	return 0;
}
