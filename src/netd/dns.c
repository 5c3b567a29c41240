/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's files, and dnsmasq's life; dns_run.c starts it. */
#include "netd/dns.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "netd/dns_config.h"
#include "netd/dns_forget.h"
#include "netd/dns_run.h"

#define FIRST_DELAY (400 * CLOCK_MS)
#define LAST_DELAY  (30 * CLOCK_SECOND)

static int open_folder(int dir, const char *name, struct err *err)
{
	int fd;

	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder '%s'", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(err, errno, "open folder '%s'", name);
	return fd;
}

static void try_again(void *data);
static void resolvers_changed(void *data);

int dns_init(struct dns *dns, const char *folder, struct err *err)
{
	dns->dir = dns->hosts = dns->dhcp = dns->pidfd = -1;
	dns->retry = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = try_again, .data = dns };
	dns->path = str_fmt("%s/dns", folder);
	dns->macs = calloc(65536, sizeof *dns->macs);
	if (!dns->path || !dns->macs)
		return err_nomem(err);
	dns->dir = open_folder(dns->net, "dns", err);
	if (dns->dir >= 0)
		dns->hosts = open_folder(dns->dir, "hosts", err);
	if (dns->hosts >= 0)
		dns->dhcp = open_folder(dns->dir, "dhcp", err);
	if (dns->dhcp < 0)
		return -EIO;
	dns->forget = dns_forget_new(dns, err);
	if (!dns->forget)
		return -err->code;
	if (dns->resolvers.n)
		return 0;
	dns->watch = resolvers_watch_new(dns->loop, resolvers_changed, dns, err);
	return dns->watch ? 0 : -EIO;
}

static void forget(struct dns *dns)
{
	loop_io_remove(dns->loop, dns->io);
	loop_timer_stop(dns->loop, &dns->retry);
	if (dns->pidfd >= 0)
		close(dns->pidfd);
	dns->io = NULL;
	dns->pidfd = -1;
	dns->pid = 0;
}

/* One that dies as soon as it runs is not started in a loop. */
static void ended(void *data, uint32_t events)
{
	struct dns *dns = data;
	bool early = clock_now() - dns->started < CLOCK_SECOND;

	(void)events;
	log_warn("dnsmasq (process %d) has ended", (int)dns->pid);
	forget(dns);
	dns->delay = !early ? 0 : dns->delay ? dns->delay * 2 : FIRST_DELAY;
	if (dns->delay > LAST_DELAY)
		dns->delay = LAST_DELAY;
	loop_timer_start(dns->loop, &dns->retry, clock_in(dns->delay));
}

static void try_again(void *data)
{
	struct dns *dns = data;

	if (dns_start(dns, &dns->err) >= 0)
		return;
	log_error("%s", dns->err.msg);
	dns->delay = dns->delay ? dns->delay * 2 : FIRST_DELAY;
	if (dns->delay > LAST_DELAY)
		dns->delay = LAST_DELAY;
	loop_timer_start(dns->loop, &dns->retry, clock_in(dns->delay));
}

void dns_keep_trying(struct dns *dns)
{
	try_again(dns);
}

int dns_start(struct dns *dns, struct err *err)
{
	bool adopted = false;
	int r;

	if (dns->pid)
		return 0;
	r = dns_run(dns, &adopted, err);
	if (r < 0)
		return err_wrap(err, "start dnsmasq");
	dns->pid = r;
	dns->started = clock_now();
	dns->pidfd = sys_pidfd_open(dns->pid);
	dns->io = dns->pidfd < 0 ? NULL : loop_io_add(dns->loop, dns->pidfd, EPOLLIN, ended, dns);
	if (!dns->io) {
		r = err_sys(err, errno, "watch dnsmasq");
		forget(dns);
		return r;
	}
	err_clear(&dns->err);
	if (!adopted)
		memset(dns->macs, 0, 65536 * sizeof *dns->macs);
	return 0;
}

static void end(struct dns *dns)
{
	pid_t left = dns->pid ? 0 : dns_running(dns);

	if (left)
		dns->pidfd = sys_pidfd_open(left);
	if (dns->pidfd >= 0) {
		sys_pidfd_send_signal(dns->pidfd, SIGTERM);
		if (fd_wait(dns->pidfd, EPOLLIN, clock_in(2 * CLOCK_SECOND)) < 0) {
			sys_pidfd_send_signal(dns->pidfd, SIGKILL);
			fd_wait(dns->pidfd, EPOLLIN, clock_in(2 * CLOCK_SECOND));
		}
	}
	forget(dns);
}

int dns_restart(struct dns *dns, struct err *err)
{
	end(dns);
	return dns_start(dns, err);
}

void dns_stop(struct dns *dns)
{
	if (dns->dir < 0)
		return;
	end(dns);
	file_remove_tree_at(dns->net, "dns", NULL);
}

void dns_done(struct dns *dns)
{
	forget(dns);
	resolvers_watch_free(dns->watch);
	dns_forget_free(dns->forget);
	dns->watch = NULL;
	dns->forget = NULL;
	cleanup_close(&dns->dir);
	cleanup_close(&dns->hosts);
	cleanup_close(&dns->dhcp);
	dns->dir = dns->hosts = dns->dhcp = -1;
	free(steal_ptr(&dns->macs));
	free(steal_ptr(&dns->path));
}

/* Renamed into place: dnsmasq's inotify watch sees a whole file, and passes over names that begin with a dot. */
static int put_file(int dir, const char *name, const char *line, struct err *err)
{
	autofree char *temporary = str_fmt(".%s", name);
	autoclose int fd = -1;
	int r;

	if (!temporary)
		return err_nomem(err);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return err_sys(err, errno, "make '%s'", temporary);
	r = file_write_all(fd, line, strlen(line));
	if (r < 0)
		return err_sys(err, -r, "write '%s'", temporary);
	return renameat(dir, temporary, dir, name) < 0 ? err_sys(err, errno, "rename '%s'", temporary) : 0;
}

static bool is_same(int dir, const char *name, const char *line)
{
	autofree char *old = NULL;

	return file_read_at(dir, name, 65536, &old, NULL, NULL) == 0 && str_eq(old, line);
}

/* dnsmasq does not give an address to a new MAC while it remembers the lease of another: its memory must go then. */
static int take_address(struct dns *dns, const struct dns_entry *entry, struct err *err)
{
	static const uint8_t none[6];
	uint8_t *mac = dns->macs[ntohl(entry->ipv4.s_addr) & 0xffff];
	bool other = memcmp(mac, none, 6) != 0 && memcmp(mac, entry->mac, 6) != 0;
	int r = other && dns->pid ? dns_restart(dns, err) : 0;

	memcpy(mac, entry->mac, 6);
	return r;
}

int dns_add(struct dns *dns, const struct dns_entry *entry, struct err *err)
{
	autocall(str_done) struct str hosts = { 0 }, dhcp = { 0 };
	int r = 0;

	dns_hosts_line(&hosts, dns, entry);
	dns_dhcp_line(&dhcp, entry);
	if (hosts.failed || dhcp.failed)
		return err_nomem(err);
	if (!is_same(dns->dhcp, entry->uuid, dhcp.text))
		r = put_file(dns->dhcp, entry->uuid, dhcp.text, err);
	if (r >= 0 && !is_same(dns->hosts, entry->uuid, hosts.text))
		r = put_file(dns->hosts, entry->uuid, hosts.text, err);
	if (r >= 0)
		r = take_address(dns, entry, err);
	return r < 0 ? err_wrap(err, "make '%s' known to dnsmasq", entry->name) : 0;
}

/* A name goes by itself; the DHCP entry only when everything is read again. */
static void reread(const struct dns *dns)
{
	if (dns->pidfd >= 0)
		sys_pidfd_send_signal(dns->pidfd, SIGHUP);
}

int dns_set_servers(struct dns *dns, const char *lines, struct err *err)
{
	int r;

	if (is_same(dns->dir, DNS_SERVERS, lines))
		return 0;
	r = file_replace_at(dns->dir, DNS_SERVERS, lines, strlen(lines), 0644, err);
	if (r >= 0)
		reread(dns);
	return r;
}

static void resolvers_changed(void *data)
{
	struct dns *dns = data;
	int r = dns_write_config(dns, &dns->err);

	if (r > 0)
		reread(dns);
	else if (r == 0 && dns->pid)
		r = dns_restart(dns, &dns->err);
	if (r < 0)
		log_error("%s", dns->err.msg);
}

void dns_remove(struct dns *dns, const char *uuid)
{
	bool was = unlinkat(dns->hosts, uuid, 0) == 0;

	was = unlinkat(dns->dhcp, uuid, 0) == 0 || was;
	if (was)
		reread(dns);
}

static bool sweep_folder(int folder, bool (*known)(const char *uuid, const void *data), const void *data)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool any = false;

	while (dir && (entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") && !known(entry->d_name, data))
			any = unlinkat(folder, entry->d_name, 0) == 0 || any;
	return any;
}

void dns_sweep(struct dns *dns, bool (*known)(const char *uuid, const void *data), const void *data)
{
	bool any = sweep_folder(dns->hosts, known, data);

	if (sweep_folder(dns->dhcp, known, data) || any)
		reread(dns);
}
