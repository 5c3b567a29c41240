/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's /etc/resolv.conf. What stands there is the guest's, and worth neither a start nor an interface. */
#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/sys.h"
#include "boot/device.h"

static void write_in(int root, const struct net_plan *plan)
{
	struct err err = { 0 };

	if (net_resolv_conf(root, plan->resolver, plan->domain, &err) < 0)
		log_warn("resolver: %s", err.msg);
}

int up_resolver(struct boot *b, struct err *err)
{
	autoclose int root = -1;

	if (b->net.host || b->net.resolver.s_addr == 0)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open the root folder");
	write_in(root, &b->net);
	return 0;
}

/* The guest runs: its folders are its own by now, and are entered with no more rights than its root has. */
void device_write_resolver(const struct device_change *c, const struct net_plan *plan)
{
	const struct idmap *map = &c->b->spec.container.idmap;
	autoclose int root = -1;
	char path[48];

	if (plan->resolver.s_addr == 0)
		return;
	str_print(path, sizeof path, "/proc/%d/root", (int)c->b->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || sys_pidfd_send_signal(c->init_pidfd, 0) < 0) /* it may be another's by now */
		return;
	setfsgid(idmap_root(map, true));
	setfsuid(idmap_root(map, false));
	write_in(root, plan);
	setfsuid(0);
	setfsgid(0);
}
