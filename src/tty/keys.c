/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [console] and [tty]. */
#include "tty/keys.h"

#include "tty/tty.h"

/* LXC's word for a size that is as good as another. */
static int parse_size(const struct key *key, void *field, const char *text, struct err *err)
{
	return key_size.parse(key, field, str_eq(text, "auto") ? key->def : text, err);
}

static bool print_size(const struct key *key, const void *field, size_t i, struct str *out)
{
	return key_size.print(key, field, i, out);
}

static const struct key_type key_buffer = { "size|auto", sizeof(uint64_t), parse_size, print_size, NULL };

static const struct key console_keys[] = {
	{ .name = "logfile",
	  .type = &key_path,
	  .off = offsetof(struct console_conf, logfile),
	  .help = "Where all that is written to the console is kept; in the container's log folder when not set." },
	{ .name = "size",
	  .type = &key_buffer,
	  .off = offsetof(struct console_conf, size),
	  .def = "4M",
	  .help = "The console's log is moved aside, as FILE.1, when it is longer; 0: never." },
	{ .name = "buffer.size",
	  .type = &key_buffer,
	  .off = offsetof(struct console_conf, buffer),
	  .def = "128K",
	  .max = 64 << 20,
	  .help = "How much of what it said last mgr-console shows first, of each terminal; 0: nothing." },
	{ 0 },
};

const struct section tty_console_section = { .name = "console", .keys = console_keys };

static const struct key keys[] = {
	{ .name = "max",
	  .type = &key_u32,
	  .off = offsetof(struct tty_conf, max),
	  .def = "0",
	  .max = TTY_MOST,
	  .help = "Terminals beside the console: /dev/tty1 and so on." },
	{ 0 },
};

const struct section tty_section = { .name = "tty", .keys = keys };
