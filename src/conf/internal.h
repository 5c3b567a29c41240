/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CONF_INTERNAL_H
#define MGR_CONF_INTERNAL_H

#include <sys/types.h>

#include "conf/conf.h"

/* The section that the first len bytes of name call, "net.0" for instance. 0 or -EINVAL without a message. */
int section_find(const struct schema *schema, const char *name, size_t len, const struct conf_part **ret_part,
		 struct conf_id *ret_id);
/* Its struct; an element that is not there is made, with its defaults. NULL with err. */
void *section_make(const struct conf_part *part, void *conf, const struct conf_id *id, struct err *err);
/* Its struct, or NULL while there is no such element. */
const void *section_get(const struct conf_part *part, const void *conf, const struct conf_id *id);
/* Number i of its structs; NULL behind the last. ret_id: which one that is. */
const void *section_at(const struct conf_part *part, const void *conf, size_t i, struct conf_id *ret_id);
bool section_has_elements(const struct section *section);
/* The key of this name in the section, or NULL; SECTION_FREE: its only one. */
const struct key *section_key(const struct section *section, const char *name);

/* Messages: the nearest known name, or what there is. */
int unknown_section(const struct schema *schema, const char *name, size_t len, struct err *err);
/* name begins with "lxc.": where that stands here. */
int unknown_lxc(const struct schema *schema, const char *name, struct err *err);
int unknown_key(const struct section *section, const char *name, struct err *err);

/* Set a key from a value, "" clearing it. in: the section's struct. name: SECTION_FREE's. */
int key_apply(const struct section *section, const struct key *key, void *in, const char *name, const char *value,
	      struct err *err);
/* A file that is being read, and which one, up, includes it. */
struct include {
	dev_t dev;
	ino_t ino; /* 0: not a file's */
	const struct include *up;
	conf_wrong_fn *wrong; /* NULL: the first wrong line is the last that is read */
	void *data;
};
/* Read what `value` names, in a line of the file `from`; NULL: of a command, where it must be absolute. */
int conf_include(const struct schema *schema, void *conf, const char *from, const char *value, const struct include *up,
		 struct err *err);
int conf_load_included(const struct schema *schema, void *conf, const char *what, const char *text, size_t len,
		       const struct include *self, struct err *err);

int key_default(const struct key *key, void *in, struct err *err);
void key_clear(const struct key *key, void *in);

#endif
