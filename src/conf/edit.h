/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing the text of a configuration in place: comments, order and the way lines are written stay as they are. */
#ifndef MGR_CONF_EDIT_H
#define MGR_CONF_EDIT_H

#include <stddef.h>

#include "base/str.h"

enum edit {
	EDIT_SET,   /* the key has this value alone */
	EDIT_ADD,   /* one more value, after those that are there */
	EDIT_LAST,  /* one more value, after everything else in the section: where order among names counts (conf_repeats) */
	EDIT_DROP,  /* no line of the key that has this value */
	EDIT_UNSET, /* no line of the key; without a key, of the whole section */
};

/* text with one key changed goes to out. section: "net.0", section_size bytes of it. key: NULL only with EDIT_UNSET.
 * Nothing is checked: load the result before it is kept. Returns whether anything changed. */
bool edit_text(const char *text, enum edit how, const char *section, size_t section_size, const char *key, const char *value,
	       struct str *out);

#endif
