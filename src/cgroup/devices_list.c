/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/devices.h"

/* A dev_t of the kernel's has 12 bits for the one and 20 for the other. */
#define MAJOR_MOST 4095
#define MINOR_MOST 1048575

#define RW  (DEVICE_READ | DEVICE_WRITE)
#define RWM (RW | DEVICE_MKNOD)

/* What mount/dev.c puts into /dev, terminals, fuse and tun may be opened, whoever made the node. Making one is no matter of
 * this list: in a user namespace the kernel refuses it, and a privileged container has no mknod. */
const struct device_rule device_defaults[] = {
	{ 'c', DEVICE_EVERY, DEVICE_EVERY, DEVICE_MKNOD },
	{ 'b', DEVICE_EVERY, DEVICE_EVERY, DEVICE_MKNOD },
	{ 'c', 1, 3, RW }, /* null zero full random urandom */
	{ 'c', 1, 5, RW },
	{ 'c', 1, 7, RW },
	{ 'c', 1, 8, RW },
	{ 'c', 1, 9, RW },
	{ 'c', 5, 0, RW }, /* tty console ptmx pts */
	{ 'c', 5, 1, RW },
	{ 'c', 5, 2, RW },
	{ 'c', 136, DEVICE_EVERY, RW },
	{ 'c', 10, 229, RW }, /* fuse, net/tun */
	{ 'c', 10, 200, RW },
	{ 0 },
};

/* "10" or "*" up to a character of `end`; NULL when it is neither. */
static const char *read_number(const char *p, const char *end, uint32_t most, uint32_t *ret)
{
	char digits[12];
	size_t n = strcspn(p, end);
	uint64_t number;

	if (n == 1 && *p == '*') {
		*ret = DEVICE_EVERY;
		return p + n;
	}
	if (str_print(digits, sizeof digits, "%.*s", (int)n, p) < 0 || str_uint(digits, 0, most, &number) < 0)
		return NULL;
	*ret = (uint32_t)number;
	return p + n;
}

static unsigned read_access(const char *p)
{
	static const char letters[] = "mrw";
	unsigned access = 0;

	for (; *p; p++) {
		const char *at = strchr(letters, *p);
		if (!at || access & 1U << (at - letters))
			return 0;
		access |= 1U << (at - letters);
	}
	return access;
}

/* One blank between the words, as the kernel wants it. */
static bool read_rule(const char *p, struct device_rule *ret)
{
	*ret = (struct device_rule){ .type = *p };
	if (str_eq(p, "a") || str_eq(p, "a *:* rwm"))
		return true;
	if ((*p != 'b' && *p != 'c') || p[1] != ' ')
		return false;
	p = read_number(p + 2, ":", MAJOR_MOST, &ret->major);
	if (!p || *p != ':')
		return false;
	p = read_number(p + 1, " ", MINOR_MOST, &ret->minor);
	if (!p || *p != ' ')
		return false;
	ret->access = read_access(p + 1);
	return ret->access != 0;
}

int device_rule_parse(const char *text, struct device_rule *ret, struct err *err)
{
	if (read_rule(text, ret))
		return 0;
	return err_set(err, EINVAL, "'%s' is no rule for devices, such as 'c 10:232 rwm', 'b 8:* r', or 'a' for all", text);
}

const char *device_rule_text(const struct device_rule *rule, char buf[static DEVICE_RULE_TEXT])
{
	char number[2][12] = { "*", "*" };

	if (rule->type == 'a')
		return "a";
	if (rule->major != DEVICE_EVERY)
		snprintf(number[0], sizeof number[0], "%" PRIu32, rule->major);
	if (rule->minor != DEVICE_EVERY)
		snprintf(number[1], sizeof number[1], "%" PRIu32, rule->minor);
	snprintf(buf, DEVICE_RULE_TEXT, "%c %s:%s %s%s%s", rule->type, number[0], number[1],
		 rule->access & DEVICE_READ ? "r" : "", rule->access & DEVICE_WRITE ? "w" : "",
		 rule->access & DEVICE_MKNOD ? "m" : "");
	return buf;
}

void device_list_done(struct device_list *list)
{
	free(list->v);
	*list = (struct device_list){ 0 };
}

struct device_rule *device_list_find(const struct device_list *list, const struct device_rule *rule)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].type == rule->type && list->v[i].major == rule->major && list->v[i].minor == rule->minor)
			return &list->v[i];
	return NULL;
}

static int add(struct device_list *list, const struct device_rule *rule)
{
	struct device_rule *same = device_list_find(list, rule), *v;

	if (same) {
		same->access |= rule->access;
		return 0;
	}
	v = reallocarray(list->v, list->n + 1, sizeof *v);
	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n++] = *rule;
	return 0;
}

/* Only exactly this device's: "c 1:3" takes nothing from "c 1:*". */
static int take(struct device_list *list, const struct device_rule *rule)
{
	struct device_rule *same = device_list_find(list, rule);

	if (!same)
		return 0;
	same->access &= ~rule->access;
	if (!same->access) {
		list->n--;
		memmove(same, same + 1, (size_t)(&list->v[list->n] - same) * sizeof *same);
	}
	return 0;
}

int device_list_apply(struct device_list *list, bool allow, const struct device_rule *rule)
{
	if (rule->type == 'a') {
		device_list_done(list);
		list->allows = allow;
		return 0;
	}
	return allow == list->allows ? take(list, rule) : add(list, rule);
}

bool device_list_permits(const struct device_list *list, char type, uint32_t major, uint32_t minor, unsigned access)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct device_rule *e = &list->v[i];
		if (e->type != type || (e->major != DEVICE_EVERY && e->major != major) ||
		    (e->minor != DEVICE_EVERY && e->minor != minor))
			continue;
		if (list->allows ? access & e->access : !(access & ~e->access))
			return !list->allows;
	}
	return list->allows;
}

void device_list_text(const struct device_list *list, struct str *out)
{
	char text[DEVICE_RULE_TEXT];

	if (list->allows)
		str_add(out, "a *:* rwm\n");
	for (size_t i = 0; i < list->n && !list->allows; i++)
		str_addf(out, "%s\n", device_rule_text(&list->v[i], text));
}

bool device_pair(const char *pair, bool *ret_allow, struct device_rule *ret)
{
	*ret_allow = str_starts(pair, "devices.allow=");
	if (!*ret_allow && !str_starts(pair, "devices.deny="))
		return false;
	return device_rule_parse(strchr(pair, '=') + 1, ret, NULL) == 0;
}

static int apply_pairs(struct device_list *list, const struct strv *pairs)
{
	struct device_rule rule;
	bool allow;
	int r = 0;

	for (size_t i = 0; i < pairs->n && r == 0; i++)
		if (device_pair(pairs->v[i], &allow, &rule))
			r = device_list_apply(list, allow, &rule);
	return r;
}

int device_list_of(struct device_list *ret, const struct strv *first, const struct strv *second, struct err *err)
{
	int r = 0;

	*ret = (struct device_list){ 0 };
	for (const struct device_rule *rule = device_defaults; rule->type && r == 0; rule++)
		r = device_list_apply(ret, true, rule);
	if (r == 0)
		r = apply_pairs(ret, first);
	if (r == 0)
		r = apply_pairs(ret, second);
	return r < 0 ? err_nomem(err) : 0;
}
