/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is there: inotify on the folder of runtime folders, and on each of them, where lock and control socket are. */
#include "life/monitor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "life/monitor_internal.h"
#include "life/state.h"

#define FOLDER_EVENTS (IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR)

static struct watched *find(struct monitor *m, const char *name)
{
	for (struct watched *w = m->all; w; w = w->next)
		if (str_eq(w->name, name))
			return w;
	return NULL;
}

static int watch_folder(struct watched *w)
{
	autofree char *path = str_fmt("%s/%s", w->monitor->store->run, w->name);

	w->folder = path ? inotify_add_watch(w->monitor->inotify, path, FOLDER_EVENTS) : -1;
	return w->folder < 0 ? -errno : 0;
}

/* It has a runtime folder; known: what it is doing has begun before our eyes. */
static struct watched *add(struct monitor *m, const char *name, bool known)
{
	struct watched *w;

	if (store_check_name(name, NULL) < 0 || find(m, name) || !m->how->wanted(name, m->how->data))
		return NULL;
	w = watched_new(m, name, known);
	if (!w || watch_folder(w) < 0) {
		if (w)
			watched_free(w);
		return NULL;
	}
	w->next = m->all;
	m->all = w;
	return w;
}

static void drop(struct monitor *m, struct watched *gone)
{
	struct watched **p = &m->all;

	watched_look(gone); /* says that it has stopped, if it has */
	while (*p != gone)
		p = &(*p)->next;
	*p = gone->next;
	watched_free(gone);
}

static void tell_initial(struct monitor *m, const char *name, enum wire_state state)
{
	const struct wire_status status = { .state = state };
	const struct life_event event = { LIFE_EVENT_STATE, watched_now(), name, &status };

	if (m->how->initial && m->result == 0)
		m->result = m->how->event(&event, m->how->data);
}

/* As it is when the monitor begins. What is no container (another store's folder) is never anything but stopped. */
static void begin_with(struct monitor *m, const char *name)
{
	autoclose int folder = store_container(m->store, name, NULL);
	struct watched *w = add(m, name, false);
	enum wire_state state;

	if (!w || life_state_on(&m->host, m->store, name, &state, NULL) < 0)
		return;
	w->status.state = state;
	w->known = state == WIRE_STARTING || state == WIRE_STOPPED || state == WIRE_ABORTING;
	if (folder >= 0 || state != WIRE_STOPPED)
		tell_initial(m, name, state);
	watched_look(w);
}

/* Those that have no runtime folder. */
static int begin_with_rest(struct monitor *m, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	int r = m->how->initial ? store_list(m->store, &names, err) : 0;

	for (size_t i = 0; i < names.n && r >= 0; i++)
		if (!find(m, names.v[i]) && m->how->wanted(names.v[i], m->how->data))
			tell_initial(m, names.v[i], WIRE_STOPPED);
	return r;
}

static void found(struct monitor *m, const char *name)
{
	struct watched *w = add(m, name, true);

	if (w)
		watched_look(w);
}

/* The folder of runtime folders of a store that -P names comes with its first container and goes with its last. */
static int scan(struct monitor *m, void (*each)(struct monitor *m, const char *name), struct err *err)
{
	autoclosedir DIR *dir = NULL;
	struct dirent *e;

	m->run = inotify_add_watch(m->inotify, m->store->run, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (m->run < 0 && errno == ENOENT)
		return 0;
	dir = m->run < 0 ? NULL : opendir(m->store->run);
	if (!dir)
		return err_sys(err, errno, "watch '%s'", m->store->run);
	while ((e = readdir(dir)))
		if (e->d_type == DT_DIR)
			each(m, e->d_name);
	return 0;
}

/* What is always there. */
static int watch_manager(struct monitor *m, struct err *err)
{
	const struct store *store = m->store;
	int r = file_mkdirs_at(AT_FDCWD, store->manager_run, 0700, err);

	m->manager = -1;
	if (r < 0 || str_eq(store->run, store->manager_run))
		return r;
	m->manager = inotify_add_watch(m->inotify, store->manager_run, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	return m->manager < 0 ? err_sys(err, errno, "watch '%s'", store->manager_run) : 0;
}

static void look_at_all(struct monitor *m)
{
	for (struct watched *w = m->all; w; w = w->next)
		watched_look(w);
}

/* A container's folder or cgroup. */
static void one_changed(struct monitor *m, const struct inotify_event *e)
{
	struct watched *w = m->all;

	while (w && w->folder != e->wd && w->events != e->wd)
		w = w->next;
	if (!w)
		return;
	if (e->mask & IN_IGNORED && e->wd == w->folder) {
		drop(m, w);
		return;
	}
	if (e->mask & IN_IGNORED)
		w->events = -1;
	if (e->wd != w->folder || !e->len || str_eq(e->name, "lock") || str_eq(e->name, "control"))
		watched_look(w);
}

static void happened(struct monitor *m, const struct inotify_event *e, struct err *err)
{
	if (e->mask & IN_Q_OVERFLOW) {
		scan(m, found, err);
		look_at_all(m);
	} else if (e->wd == m->manager || (e->wd == m->run && e->mask & IN_IGNORED)) {
		scan(m, found, err);
	} else if (e->wd == m->run) {
		found(m, e->name);
	} else {
		one_changed(m, e);
	}
}

static void readable(void *data, uint32_t events)
{
	struct monitor *m = data;
	union {
		struct inotify_event align;
		char bytes[8192];
	} buf;
	struct err err = { 0 };
	ssize_t n = read(m->inotify, &buf, sizeof buf);

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(buf.bytes + at);
		happened(m, e, &err);
		at += (ssize_t)(sizeof *e + e->len);
	}
}

/* A connection each. */
static void many_descriptors(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int run(struct monitor *m, struct err *err)
{
	int r;

	m->since = watched_now();
	if (!loop_io_add(m->loop, m->inotify, EPOLLIN, readable, m))
		return err_sys(err, errno, "wait for events");
	r = watch_manager(m, err);
	if (r >= 0)
		r = scan(m, begin_with, err);
	if (r >= 0)
		r = begin_with_rest(m, err);
	if (r >= 0 && m->result == 0)
		r = loop_run(m->loop);
	while (m->all) {
		struct watched *w = m->all;
		m->all = w->next;
		watched_free(w);
	}
	return r < 0 ? r : m->result;
}

int life_monitor(const struct store *store, const struct life_monitor *how, struct err *err)
{
	struct monitor m = { .store = store, .how = how };
	int r = cgroup_host(&m.host, err);

	many_descriptors();
	if (r < 0)
		return r;
	m.loop = loop_new(err);
	if (!m.loop)
		return -err->code;
	m.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = m.inotify < 0 ? err_sys(err, errno, "wait for events") : run(&m, err);
	loop_free(m.loop);
	if (m.inotify >= 0)
		close(m.inotify);
	return r;
}
