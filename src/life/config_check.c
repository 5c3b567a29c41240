/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "base/debug.h"
#include "conf/conf.h"
#include "life/config.h"

int life_config_check(const struct store *store, const char *name, const struct str *text, struct spec *ret, struct err *err)
{
	autofree char *path = str_fmt("%s/%s/config", store->containers, name);
	int r;

	if (text->failed || !path)
		return err_nomem(err);
	r = conf_load_text(&spec_schema, ret, path, str_text(text), text->len, err);
	if (r == 0)
		r = spec_check(ret, err);
	if (r == 0)
		r = spec_claim_ids(ret, store, name, err);
	if (r == 0 && ret->container.uuid)
		r = net_claim(&ret->net, store, name, ret->container.uuid, err);
	debug_point("config", "reserved");
	return r;
}
