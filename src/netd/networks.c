/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The networks that there are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "net/net.h"
#include "netd/dns_config.h"
#include "netd/netd.h"

struct network *network_find(const struct netd *netd, const char *name)
{
	struct network *network = netd->networks;

	while (network && !str_eq(network->name, name))
		network = network->next;
	return network;
}

#define END_TIME  (10 * CLOCK_SECOND)
#define OTHERS    "networks"
#define STAY_FILE "stay" /* there while `mgr-net up` holds, so that the next mgr-netd knows */

/* The default one's is mgr-netd's own. */
static int open_folder(struct network *network, struct err *err)
{
	int r;

	network->folder = net_folder(&network->netd->store, network->name);
	if (!network->folder)
		return err_nomem(err);
	r = file_mkdirs_at(AT_FDCWD, network->folder, 0700, err);
	if (r < 0)
		return r;
	network->dir = open(network->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return network->dir < 0 ? err_sys(err, errno, "open '%s'", network->folder) : 0;
}

static int init(struct network *network, const char *name, struct err *err)
{
	int r = str_print(network->name, sizeof network->name, "%s", name);

	if (r < 0 || (*name && !conf_id_is_name(name, strlen(name))))
		return err_set(err, EINVAL, "'%s' cannot be a network's name", name);
	r = open_folder(network, err);
	if (r < 0)
		return r;
	network->dns = (struct dns){ .bridge = &network->bridge,
				     .loop = network->netd->loop,
				     .net = network->dir,
				     .dir = -1,
				     .hosts = -1,
				     .dhcp = -1,
				     .pidfd = -1 };
	network->grace = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = member_grace_over, .data = network };
	network->idle = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = network_idle, .data = network };
	legacy_init(&network->legacy, &network->nft, network->netd->loop, netd_status_known, network);
	network->stays = faccessat(network->dir, STAY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

struct network *network_get(struct netd *netd, const char *name, struct err *err)
{
	struct network *network = network_find(netd, name);

	if (network)
		return network;
	network = calloc(1, sizeof *network);
	if (!network) {
		err_nomem(err);
		return NULL;
	}
	network->netd = netd;
	network->dir = -1;
	if (init(network, name, err) < 0) {
		if (network->dir >= 0)
			close(network->dir);
		free(network->folder);
		free(network);
		return NULL;
	}
	network->next = netd->networks;
	netd->networks = network;
	return network;
}

int network_stay(struct network *network, bool stays, struct err *err)
{
	int fd;

	network->stays = stays;
	if (!stays) {
		unlinkat(network->dir, STAY_FILE, 0);
		return 0;
	}
	fd = openat(network->dir, STAY_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "remember that the network stays");
	close(fd);
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

static bool tells_bridge(const struct network *network)
{
	return faccessat(network->dir, NET_BRIDGE_LINK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool network_is_left(const struct network *network)
{
	return !network->up && tells_bridge(network);
}

static int open_others(const struct netd *netd)
{
	return openat(netd->dir, OTHERS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Those that have a folder. */
static bool know_others(struct netd *netd)
{
	int fd = open_others(netd);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct err err = { 0 };
		if (e->d_name[0] != '.' && !network_get(netd, e->d_name, &err))
			log_error("%s", err.msg);
	}
	return dir;
}

/* A mgr-netd that knew one network left no word of it. */
void networks_take_over(struct netd *netd)
{
	bool several = know_others(netd);

	for (struct network *network = netd->networks; network; network = network->next) {
		struct err err = { 0 };
		bool older = !several && !*network->name;
		if (netd->takes_over && (older || tells_bridge(network)) && network_up(network, &err) < 0)
			log_error("%s", err.msg);
	}
}

static int tell_names(struct network *network, struct err *err)
{
	autocall(str_done) struct str lines = { 0 };
	int r = 0;

	for (const struct network *other = network->netd->networks; other && r >= 0; other = other->next)
		if (other != network && other->up)
			r = dns_servers_lines(&lines, &network->dns, &other->dns);
	return r < 0 ? err_nomem(err) : dns_set_servers(&network->dns, str_text(&lines), err);
}

void networks_tell_names(const struct netd *netd)
{
	for (struct network *network = netd->networks; network; network = network->next) {
		struct err err = { 0 };
		if (network->up && tell_names(network, &err) < 0)
			log_error("%s", err.msg);
	}
}

void networks_end(struct netd *netd)
{
	const uint64_t deadline = clock_in(END_TIME);
	autoclose int others = open_others(netd);

	for (struct network *network = netd->networks; network; network = network->next) {
		network_down(network);
		if (others >= 0 && *network->name)
			unlinkat(others, network->name, AT_REMOVEDIR);
	}
	for (struct network *network = netd->networks; network; network = network->next)
		legacy_wait(&network->legacy, deadline);
	unlinkat(netd->dir, OTHERS, AT_REMOVEDIR);
}
