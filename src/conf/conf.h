/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schema of a configuration: rooms declare their keys as rows; reading, writing, range errors, `mgr-config` and its help
 * all come from these rows. The file is INI, read with inih. */
#ifndef MGR_CONF_CONF_H
#define MGR_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define CONF_VALUE_MAX   4096 /* bytes */
#define CONF_SECTION_MAX 49   /* bytes of a section's name; inih cuts what is longer */
#define CONF_ID_MAX      15   /* bytes of an element's name: small letters, digits, -, first a letter */
#define CONF_FILE_MAX    (1 << 20)
#define CONF_VERSION     1 /* a file without a line "version = N" above its sections has this one */

struct key;

/* How the values of a kind of key are read and written; registered by being named in a row. */
struct key_type {
	const char *name; /* as `mgr-config keys` shows it */
	size_t size;      /* of the field, bytes */
	/* Set the field from text, which is never empty; a list appends. On failure the field is as it was, and err says
	 * what would be right ("'12' is not ..."). */
	int (*parse)(const struct key *key, void *field, const char *text, struct err *err);
	/* Add value number i; false when there is none. A scalar has at most value 0. Parsing what was printed gives the
	 * same field. */
	bool (*print)(const struct key *key, const void *field, size_t i, struct str *out);
	/* Free what the field owns and mark it as not set; the field may be all zeroes. NULL: all zeroes means not set. */
	void (*clear)(const struct key *key, void *field);
};

enum key_flags {
	KEY_LIST = 1 << 0,    /* may be repeated; an empty value clears it */
	KEY_LIVE = 1 << 1,    /* a change holds at once for a container that runs: mgr-config sees to it */
	KEY_INCLUDE = 1 << 2, /* names files to be read in its place; only in a file, and not printed with the rest */
};

struct key {
	const char *name;
	const struct key_type *type;
	size_t off;               /* of the field in the section's struct */
	const char *def;          /* default, as text; NULL: not set */
	uint64_t min, max;        /* by type; max 0: the type's own */
	const char *const *names; /* key_enum: by value, NULL at the end */
	unsigned flags;
	const char *help; /* one line */
};

enum section_kind {
	SECTION_ONE,      /* [limits] */
	SECTION_NUMBERED, /* [net.0] ... : the struct is { size_t n; ELEMENT *v; }, an element begins with its unsigned
			     number */
	SECTION_NAMED,    /* [network.blue] ... : the same, an element begins with its char name[CONF_ID_MAX + 1] */
	SECTION_FREE,     /* [environment]: any name; the one key has a list type that takes "NAME=VALUE" */
};

struct section {
	const char *name; /* "net" of [net.N] */
	enum section_kind kind;
	const struct key *keys;            /* ends with {0} */
	size_t element;                    /* SECTION_NUMBERED, SECTION_NAMED: bytes of an element */
	unsigned max;                      /* SECTION_NUMBERED: greatest number */
	bool (*repeats)(const char *name); /* SECTION_FREE: is this a name that is a list? NULL: none is */
};

/* A whole configuration: sections, and where the struct of each stands in the one that holds them all. */
struct conf_part {
	const struct section *section;
	size_t off;
};

struct schema {
	size_t n;
	const struct conf_part *parts;
};

/* Which element of a section. */
struct conf_id {
	unsigned number;            /* SECTION_NUMBERED */
	char name[CONF_ID_MAX + 1]; /* SECTION_NAMED */
};

/* One key, found by its name. */
struct conf_key {
	const struct conf_part *part;
	const struct key *key;
	struct conf_id id;
	const char *name;    /* the key's name in its section, inside what was searched for (SECTION_FREE: the free name) */
	size_t section_size; /* bytes of the section's name in what was searched for, "net.0" of "net.0.mtu" */
};

/* Defaults everywhere; conf_done frees (also what is all zeroes). */
int conf_init(const struct schema *schema, void *conf, struct err *err);
void conf_done(const struct schema *schema, void *conf);

/* Read a file over what is there. Every error names file, line and key. -ENOENT when there is no such file. */
int conf_load(const struct schema *schema, void *conf, int dirfd, const char *path, struct err *err);
/* The same from memory; what: the name that errors give it. */
int conf_load_text(const struct schema *schema, void *conf, const char *what, const char *text, size_t len, struct err *err);

typedef void conf_wrong_fn(const struct err *why, void *data);
/* The same, on behind what is wrong: each such line is told, also of files that are included. Only what cannot be read at
 * all is the call's own failure. */
int conf_check_text(const struct schema *schema, void *conf, const char *what, const char *text, size_t len,
		    conf_wrong_fn *wrong, void *data, struct err *err);

/* "net.0.mtu" as a key; the longest known section wins. -EINVAL with the nearest name. */
int conf_find(const struct schema *schema, const char *name, struct conf_key *ret, struct err *err);
/* ".N" or ".NAME" behind the name of a section that has elements, else "". */
const char *conf_section_suffix(const struct section *section);
/* May an element of a SECTION_NAMED be called so? */
bool conf_id_is_name(const char *text, size_t len);
/* Is this the name of a section, "net.0"? */
bool conf_is_section(const struct schema *schema, const char *name);
/* One "section.key=value" (a list: instead of what it has), "section.key+=value" (appends), "section.key=" (the default
 * again; a list: empty). */
int conf_assign(const struct schema *schema, void *conf, const char *assignment, struct err *err);
/* Value number i of a key; false when there is none. */
bool conf_print(const void *conf, const struct conf_key *key, size_t i, struct str *out);

/* Is there a section "net.1" of one that has numbers? */
bool conf_has_section(const struct schema *schema, const void *conf, const char *name);
/* Take the section "net.1" out, with all that it has. Absent is 0; -EINVAL for one that has no number. */
int conf_drop_section(const struct schema *schema, void *conf, const char *name, struct err *err);

/* Is this a free name that is a list? */
bool conf_repeats(const struct conf_key *key);
/* Make all values of a key in `to` those that `from` has; with a free name that is a list, all names that are: what they
 * mean may depend on their order. */
int conf_copy(const void *from, void *to, const struct conf_key *key, struct err *err);

/* Value number i of a key's default; false when there is none. */
bool conf_default(const struct key *key, size_t i, struct str *out);

/* The text of a file that holds every key that is not at its default. */
void conf_save(const struct schema *schema, const void *conf, struct str *out);

/* [include] path, for every schema whose files may have it; its struct is a struct strv. */
extern const struct section conf_include_section;

/* --- types ---------------------------------------------------------------------------------------------------------- */

extern const struct key_type key_bool;     /* bool: yes no true false on off 1 0 */
extern const struct key_type key_uint;     /* uint64_t within [min, max]; not set: 0 */
extern const struct key_type key_u32;      /* uint32_t, the same */
extern const struct key_type key_size;     /* uint64_t, bytes; not set: 0 */
extern const struct key_type key_duration; /* uint64_t, ns; not set: 0 */
extern const struct key_type key_enum;     /* an enum; names */
extern const struct key_type key_string;   /* char *, at most max bytes; not set: NULL */
extern const struct key_type key_path;     /* char *, absolute */
extern const struct key_type key_cpuset;   /* char *, "0-3,7" */
extern const struct key_type key_ifname;   /* char *, a name that the kernel takes for an interface */
extern const struct key_type key_hostname; /* char * */
extern const struct key_type key_signal;   /* int; not set: 0 */
extern const struct key_type key_strings;  /* struct strv, one a line */
extern const struct key_type key_words;    /* struct strv, any number a line, separated by spaces */
extern const struct key_type
	key_command; /* char *, the absolute path of a program and its arguments, quoted as in a shell */
extern const struct key_type key_commands; /* struct strv, one such a line */

/* For types of rooms: pieces of the ones above. */
bool key_print_strv(const struct key *key, const void *field, size_t i, struct str *out);
void key_clear_strv(const struct key *key, void *field);
/* For the type of a SECTION_FREE: "NAME=VALUE" takes the place of another value of NAME, "NAME=" takes it out. */
int key_parse_named(struct strv *list, const char *text, struct err *err);
/* Take every value of NAME out; returns 0. */
int key_drop_named(struct strv *list, const char *text);
bool key_print_string(const struct key *key, const void *field, size_t i, struct str *out);
void key_clear_string(const struct key *key, void *field);
/* Replace a char * field by a copy of text. */
int key_store_string(void *field, const char *text, struct err *err);

#endif
