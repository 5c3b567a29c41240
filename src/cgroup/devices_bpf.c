/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of devices at a cgroup of v2: a program (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE, Linux 4.15) that the kernel runs at
 * each mknod and open of a process there, whatever controllers there are. The list is in a map of the program's, exceptions
 * found by their device as v1 finds them, and what is attached says what is in force. A change is a new map and a new
 * program in the place of the old: neither is ever written to while it is in force.
 *
 * Where others have attached programs (a guest's systemd below, the host's above), all of them have to allow it. */
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "cgroup/devices.h"
#include "cgroup/devices_program.h"

#define PROGRAMS 64 /* that may be attached to one cgroup, BPF_CGROUP_MAX_PROGS */
#define TRIES    100

static int map_update(int map, const struct map_key *key, const struct map_value *value)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof attr) < 0 ? -errno : 0;
}

static int make_map(const struct device_list *list)
{
	union bpf_attr attr = { 0 };
	const struct map_value mode = { .access = list->allows };
	autoclose int map = -1;
	int r;

	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = sizeof(struct map_key);
	attr.value_size = sizeof(struct map_value);
	attr.max_entries = (uint32_t)list->n + 1;
	str_print(attr.map_name, sizeof attr.map_name, DEVICE_PROGRAM);
	map = sys_bpf(BPF_MAP_CREATE, &attr, sizeof attr);
	if (map < 0)
		return -errno;
	r = map_update(map, &(struct map_key){ 0 }, &mode);
	for (size_t i = 0; i < list->n && r == 0; i++) {
		const struct device_rule *e = &list->v[i];
		const struct map_key key = { e->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, e->major, e->minor };
		r = map_update(map, &key, &(struct map_value){ e->access, (uint32_t)i });
	}
	return r < 0 ? r : steal_fd(&map);
}

/* What bpf(2) said when a program was to be made or put to a cgroup. */
static int refused(int code, struct err *err)
{
	if (code == ENOSYS || code == EINVAL)
		return err_set(err, ENOSYS, "bar devices by eBPF: this kernel has none for cgroups (CONFIG_CGROUP_BPF)");
	return err_sys(err, code, "bar devices by eBPF");
}

static int make_program(const struct device_list *list, struct err *err)
{
	autoclose int map = make_map(list);
	int program = map < 0 ? map : device_program_load(map);

	return program < 0 ? refused(-program, err) : program;
}

/* --- at the cgroup ---------------------------------------------------------------------------------------------------- */

/* Of a kind of object (BPF_PROG_GET_FD_BY_ID ...). */
static int open_id(int command, uint32_t id)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_id = id;
	fd = sys_bpf(command, &attr, sizeof attr);
	return fd < 0 ? -errno : fd;
}

/* Is it one of ours? Then its map. */
static bool is_ours(int program, uint32_t *ret_map)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	info.map_ids = (uintptr_t)ret_map;
	info.nr_map_ids = 1;
	attr.info.bpf_fd = (uint32_t)program;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr) == 0 && str_eq(info.name, DEVICE_PROGRAM) &&
	       info.nr_map_ids == 1;
}

/* Ours at the cgroup, the newest when a change was cut off between two; -ENOENT. */
static int find_program(int dir, uint32_t *ret_map)
{
	uint32_t ids[PROGRAMS];
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (uint32_t)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS;
	if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr) < 0)
		return -errno;
	for (uint32_t i = attr.query.prog_cnt; i-- > 0;) {
		autoclose int program = open_id(BPF_PROG_GET_FD_BY_ID, ids[i]);
		if (program == -ENOENT)
			continue;
		if (program < 0)
			return program;
		if (is_ours(program, ret_map))
			return steal_fd(&program);
	}
	return -ENOENT;
}

/* replaced: -1 for none. */
static int attach(int command, int dir, int program, int replaced)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (command == BPF_PROG_ATTACH)
		attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced;
	}
	return sys_bpf(command, &attr, sizeof attr) < 0 ? -errno : 0;
}

/* In the place of an old one (-1: none), -ENOENT when that is there no more. Before Linux 5.6 both are there for a moment,
 * and what either bars is barred. */
static int put_program(int dir, int program, int old)
{
	int r = attach(BPF_PROG_ATTACH, dir, program, old);

	if (r != -EINVAL || old < 0)
		return r;
	r = attach(BPF_PROG_ATTACH, dir, program, -1);
	if (r == 0)
		r = attach(BPF_PROG_DETACH, dir, old, -1);
	if (r == -ENOENT)
		(void)attach(BPF_PROG_DETACH, dir, program, -1);
	return r;
}

static int next_key(int map, const struct map_key *key, struct map_key *ret)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)key;
	attr.next_key = (uintptr_t)ret;
	return sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr, sizeof attr) < 0 ? -errno : 0;
}

static int map_value(int map, const struct map_key *key, struct map_value *ret)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)ret;
	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr) < 0 ? -errno : 0;
}

static size_t count_keys(int map)
{
	struct map_key key, next;
	size_t n = 0;

	for (int r = next_key(map, NULL, &next); r == 0; r = next_key(map, &key, &next)) {
		key = next;
		n++;
	}
	return n;
}

static int read_map(int map, struct device_list *ret)
{
	const size_t n = count_keys(map);
	struct map_key key, next;
	struct map_value value;

	*ret = (struct device_list){ .v = calloc(n ? n : 1, sizeof *ret->v) };
	if (!ret->v)
		return -ENOMEM;
	for (int r = next_key(map, NULL, &next); r == 0; r = next_key(map, &key, &next)) {
		key = next;
		if (map_value(map, &key, &value) < 0 || (key.type && value.order >= n - 1))
			return -EBADMSG;
		if (key.type)
			ret->v[value.order] = (struct device_rule){ key.type == BPF_DEVCG_DEV_BLOCK ? 'b' : 'c', key.major,
								    key.minor, value.access };
		else
			ret->allows = value.access;
	}
	ret->n = n - 1;
	return 0;
}

/* The program in force and its list; -ENOENT. */
static int read_program(int dir, struct device_list *ret)
{
	uint32_t id;
	autoclose int program = find_program(dir, &id);
	autoclose int map = program < 0 ? program : open_id(BPF_MAP_GET_FD_BY_ID, id);
	int r = map < 0 ? map : read_map(map, ret);

	return r < 0 ? r : steal_fd(&program);
}

int device_bpf_get(int dir, struct device_list *ret, struct err *err)
{
	autoclose int program = -1;

	*ret = (struct device_list){ 0 };
	program = read_program(dir, ret);
	if (program >= 0)
		return 0;
	device_list_done(ret);
	return program == -ENOENT ? err_set(err, ENOENT, "no rules for devices are in force")
				  : err_sys(err, -program, "read which devices are barred");
}

/* Ours, in the place of what is there now. -ENOENT when somebody was faster. */
static int replace(int dir, const struct device_list *list, int old, struct err *err)
{
	autoclose int program = make_program(list, err);
	int r;

	if (program < 0)
		return program;
	r = put_program(dir, program, old);
	return r < 0 ? refused(-r, err) : 0;
}

int device_bpf_set(int dir, const struct device_list *list, struct err *err)
{
	int r = -ENOENT;

	for (int i = 0; i < TRIES && r == -ENOENT; i++) {
		uint32_t id;
		autoclose int old = find_program(dir, &id);
		if (old < 0 && old != -ENOENT)
			return refused(-old, err);
		r = replace(dir, list, old < 0 ? -1 : old, err);
	}
	return r;
}

int device_bpf_apply(int dir, bool allow, const struct device_rule *rule, struct err *err)
{
	int r = -ENOENT;

	for (int i = 0; i < TRIES && r == -ENOENT; i++) {
		autocall(device_list_done) struct device_list list = { 0 };
		autoclose int old = read_program(dir, &list);
		if (old == -ENOENT) /* none, or somebody has put another in its place since it was found */
			err_set(err, ENOENT, "no rules for devices are in force");
		else if (old < 0)
			return err_sys(err, -old, "read which devices are barred");
		else if (device_list_apply(&list, allow, rule) < 0)
			return err_nomem(err);
		else
			r = replace(dir, &list, old, err);
	}
	return r;
}
