/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/names.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "net/net.h"

#define DIGITS 10

int net_veth_name(const char *uuid, unsigned index, char ret[static 16])
{
	size_t n = 0;

	if (index > 25)
		return -EINVAL;
	memcpy(ret, "mgr", 3);
	for (; *uuid && n < DIGITS; uuid++)
		if (isxdigit((unsigned char)*uuid))
			ret[3 + n++] = (char)tolower((unsigned char)*uuid);
	if (n < DIGITS)
		return -EINVAL;
	ret[3 + DIGITS] = (char)('a' + index);
	ret[4 + DIGITS] = '\0';
	return 0;
}

void net_bridge_name(const struct store *store, char ret[static 16])
{
	str_print(ret, 16, store->id[0] ? "mgrbr-%s" : "mgrbr0", store->id);
}
