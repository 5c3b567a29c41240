/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [init], [signal] and [environment]. */
#include "init/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "init/init.h"

static int parse_ready(const struct key *key, void *field, const char *text, struct err *err)
{
	struct init_ready ready = { 0 };
	uint64_t port = 0;

	(void)key;
	if (str_eq(text, "exec"))
		ready.how = HANDOVER_READY_EXEC;
	else if (str_eq(text, "notify"))
		ready.how = HANDOVER_READY_NOTIFY;
	else if (str_starts(text, "port:") && str_uint(text + 5, 1, 65535, &port) == 0)
		ready.how = HANDOVER_READY_PORT;
	else
		return err_set(err, EINVAL, "'%s' is not notify, exec or port:N with a port from 1 to 65535", text);
	ready.port = (uint16_t)port;
	*(struct init_ready *)field = ready;
	return 0;
}

static bool print_ready(const struct key *key, const void *field, size_t i, struct str *out)
{
	const struct init_ready *ready = field;

	(void)key;
	if (i > 0)
		return false;
	if (ready->how == HANDOVER_READY_PORT)
		str_addf(out, "port:%u", ready->port);
	else
		str_add(out, ready->how == HANDOVER_READY_EXEC ? "exec" : "notify");
	return true;
}

static const struct key_type key_ready = { "notify|exec|port:N", sizeof(struct init_ready), parse_ready, print_ready, NULL };

#define AT(field) offsetof(struct init_conf, field)

/* The last id, 4294967295, means "none" to the kernel. */
#define ID_MAX 4294967294

static const struct key init_keys[] = {
	{ .name = "cmd",
	  .type = &key_command,
	  .off = AT(cmd),
	  .def = "/sbin/init",
	  .help = "What runs as process 1, with its arguments." },
	{ .name = "cwd", .type = &key_path, .off = AT(cwd), .help = "Folder that it starts in; / when not set." },
	{ .name = "uid", .type = &key_u32, .off = AT(uid), .def = "0", .max = ID_MAX, .help = "User that it runs as." },
	{ .name = "gid", .type = &key_u32, .off = AT(gid), .def = "0", .max = ID_MAX, .help = "Group that it runs as." },
	{ .name = "ready",
	  .type = &key_ready,
	  .off = AT(ready),
	  .def = "notify",
	  .help = "Booted when init says so, once it runs, or when something listens on a TCP port." },
	{ 0 },
};

const struct section init_section = { .name = "init", .keys = init_keys };

static const struct key signal_keys[] = {
	{ .name = "halt", .type = &key_signal, .off = AT(halt), .help = "Asks init to power off; found from the init." },
	{ .name = "reboot", .type = &key_signal, .off = AT(reboot), .help = "Asks init to reboot; found from the init." },
	{ .name = "stop", .type = &key_signal, .off = AT(stop), .help = "Ends it at once; SIGKILL when not set." },
	{ 0 },
};

const struct section init_signal_section = { .name = "signal", .keys = signal_keys };

static bool variable_ok(const char *name, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return n > 0 && strspn(name, letters) == n && !strchr("0123456789", name[0]);
}

static int parse_variable(const struct key *key, void *field, const char *text, struct err *err)
{
	size_t n = strcspn(text, "=");

	(void)key;
	if (!variable_ok(text, n))
		return err_set(err, EINVAL, "'%.*s' is not the name of a variable: letters, digits and '_'", (int)n, text);
	return key_parse_named(field, text, err);
}

static const struct key_type key_variable = { "text", sizeof(struct strv), parse_variable, key_print_strv, key_clear_strv };

static const struct key environment_keys[] = {
	{ .name = "NAME",
	  .type = &key_variable,
	  .off = AT(environment),
	  .flags = KEY_LIST,
	  .help = "A variable that init starts with." },
	{ 0 },
};

const struct section init_environment_section = { .name = "environment", .kind = SECTION_FREE, .keys = environment_keys };
