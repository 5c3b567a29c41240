/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-net status: what mgr-netd says of each network, and what the registry of leases does. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/net_show.h"
#include "cli/print.h"
#include "net/net.h"
#include "store/settings.h"

#define LOOK_WAIT (10 * CLOCK_SECOND)

/* One network; what is not known is empty. */
struct shown {
	const char *name;
	struct wire_net_status is;
	char subnet[INET_ADDRSTRLEN + 4], prefix6[INET6_ADDRSTRLEN + 4];
	unsigned all, taken; /* addresses */
	const char *trouble;
};

static int look(const struct store *store, const char *name, struct shown *ret, struct err *err)
{
	struct wire_net_status *s = &ret->is;
	char addr[INET6_ADDRSTRLEN];
	int r;

	*ret = (struct shown){ .name = name };
	r = net_ask(store, WIRE_NET_STATUS, name, s, sizeof *s, clock_in(LOOK_WAIT), err);
	if (r == -ECONNREFUSED) {
		err_clear(err);
		ret->trouble = net_was_killed(store) ? "mgr-netd has been killed: 'mgr-net repair' starts it again" : NULL;
		r = 0;
	}
	if (r < 0)
		return r;
	s->cause[sizeof s->cause - 1] = s->bridge[sizeof s->bridge - 1] = s->no6[sizeof s->no6 - 1] = '\0';
	s->domain[sizeof s->domain - 1] = '\0';
	if (s->cause[0])
		ret->trouble = s->cause;
	if (s->bridge[0])
		str_print(ret->subnet, sizeof ret->subnet, "%s/%u", inet_ntop(AF_INET, &s->net, addr, sizeof addr),
			  s->prefix);
	if (s->bridge[0] && !s->no6[0])
		str_print(ret->prefix6, sizeof ret->prefix6, "%s/64", inet_ntop(AF_INET6, &s->net6, addr, sizeof addr));
	return leases_known(store, name) ? leases_room(store, name, &ret->all, &ret->taken, err) : 0;
}

static void show_text(const char *label, const char *text)
{
	printf("%-15s %s\n", label, text);
}

static void show_number(const char *label, long number)
{
	printf("%-15s %ld\n", label, number);
}

static void show(const struct shown *n)
{
	const struct wire_net_status *s = &n->is;
	char text[96];

	if (*n->name)
		show_text("Network:", n->name);
	show_text("State:", s->bridge[0] ? "UP" : "DOWN");
	if (s->bridge[0]) {
		show_text("Bridge:", s->bridge);
		show_text("Subnet:", n->subnet);
		str_print(text, sizeof text, s->no6[0] ? "none (%s)" : "%s", s->no6[0] ? s->no6 : n->prefix6);
		show_text("IPv6:", text);
		show_text("Domain:", s->domain);
		show_text("Stays:", s->stays ? "until mgr-net down" : "while containers use it");
		show_number("Containers:", (long)s->containers);
		show_number("Forwards:", (long)s->forwards);
		if (s->waiting)
			show_number("Waiting:", (long)s->waiting);
		str_print(text, sizeof text, "%u of %u", n->taken, n->all);
		show_text("Addresses:", text);
		printf("%-15s process %d\n", "Service:", (int)s->netd_pid);
		if (s->dnsmasq_pid)
			printf("%-15s process %d\n", "DNS:", (int)s->dnsmasq_pid);
	}
	if (n->trouble)
		show_text("Trouble:", n->trouble);
}

static const struct print_column columns[] = {
	{ "network", NULL, PRINT_TEXT },   { "up", NULL, PRINT_BOOL },           { "bridge", NULL, PRINT_TEXT },
	{ "subnet", NULL, PRINT_TEXT },    { "ipv6", NULL, PRINT_TEXT },         { "domain", NULL, PRINT_TEXT },
	{ "stays", NULL, PRINT_BOOL },     { "containers", NULL, PRINT_NUMBER }, { "forwards", NULL, PRINT_NUMBER },
	{ "waiting", NULL, PRINT_NUMBER }, { "addresses", NULL, PRINT_NUMBER },  { "leased", NULL, PRINT_NUMBER },
	{ "pid", NULL, PRINT_NUMBER },     { "dns_pid", NULL, PRINT_NUMBER },    { "trouble", NULL, PRINT_TEXT },
};

static struct print_cell text_or_null(const char *text)
{
	return print_text(*text ? text : NULL);
}

static struct print_cell pid_or_null(int32_t pid)
{
	return print_number(pid > 0 ? (uint64_t)pid : UINT64_MAX);
}

static int add_row(struct print *p, const struct shown *n, struct err *err)
{
	const struct wire_net_status *s = &n->is;

	return print_row(p,
			 (struct print_cell[]){
				 text_or_null(n->name),
				 print_number(s->bridge[0] != '\0'),
				 text_or_null(s->bridge),
				 text_or_null(n->subnet),
				 text_or_null(n->prefix6),
				 text_or_null(s->domain),
				 print_number(s->stays),
				 print_number(s->containers),
				 print_number(s->forwards),
				 print_number(s->waiting),
				 print_number(n->all),
				 print_number(n->taken),
				 pid_or_null(s->bridge[0] ? s->netd_pid : 0),
				 pid_or_null(s->dnsmasq_pid),
				 print_text(n->trouble),
			 },
			 err);
}

static int add_known(const char *network, void *data)
{
	struct strv *names = data;

	return strv_has(names, network) ? 0 : strv_add(names, network);
}

int net_names(const struct store *store, const char *network, struct strv *ret, struct err *err)
{
	autocall(settings_done) struct settings settings = { 0 };
	const struct settings_network *its;
	int r = settings_load(store, &settings, err);

	if (r == 0 && network && !leases_known(store, network))
		r = settings_network(store, &settings, network, &its, err);
	if (r < 0)
		return r;
	if (network)
		return strv_add(ret, network) < 0 ? err_nomem(err) : 0;
	r = strv_add(ret, "");
	for (size_t i = 0; i < settings.networks.n && r >= 0; i++)
		r = strv_add(ret, settings.networks.v[i].name);
	if (r >= 0)
		r = leases_each_network(store, add_known, ret, NULL);
	return r < 0 ? err_nomem(err) : 0;
}

/* Nothing is left of it but that it was asked for once: mgr.conf has it no more, and nobody has an address there. */
static bool is_past(const struct store *store, const struct shown *n)
{
	autocall(settings_done) struct settings settings = { 0 };
	const struct settings_network *its;

	return !n->is.bridge[0] && !n->taken && settings_load(store, &settings, NULL) == 0 &&
	       settings_network(store, &settings, n->name, &its, NULL) == -ENOENT;
}

int net_status(struct cli *cli, const char *network, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	struct print *p = cli->json ? print_new(columns, ARRAY_SIZE(columns), PRINT_JSON, err) : NULL;
	int r = cli->json && !p ? -err->code : net_names(&cli->store, network, &names, err);

	for (size_t i = 0; i < names.n && r >= 0; i++) {
		struct shown shown;
		r = look(&cli->store, names.v[i], &shown, err);
		if (r >= 0 && !network && is_past(&cli->store, &shown))
			continue;
		if (r >= 0 && p)
			r = add_row(p, &shown, err);
		else if (r >= 0)
			printf("%s", i ? "\n" : ""), show(&shown);
	}
	if (r >= 0 && p)
		r = print_end(p, err);
	print_free(p);
	return r < 0 ? r : 0;
}
