/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "conf/conf.h"
#include "store/restore.h"

int life_config_open(struct life_config *c, const struct store *store, const char *name, struct err *err)
{
	int r = c->folder = store_container(store, name, err);

	if (r >= 0)
		r = store_lock_config(c->folder, true, err);
	if (r >= 0)
		r = restore_settle_locked(c->folder, err);
	return r < 0 ? r : file_read_at(c->folder, "config", CONF_FILE_MAX, &c->text, NULL, err);
}

void life_config_done(struct life_config *c)
{
	if (c->folder >= 0)
		close(c->folder);
	free(c->text);
	*c = (struct life_config){ .folder = -1 };
}

int life_config_write(const struct life_config *c, const struct str *text, struct err *err)
{
	if (text->failed)
		return err_nomem(err);
	return file_replace_at(c->folder, "config", str_text(text), text->len, 0600, err);
}

int life_config_take_back(const struct store *store, const char *name, const char *was, const char *now, struct err *err)
{
	LIFE_CONFIG_INIT(c);
	int r = life_config_open(&c, store, name, err);

	if (r < 0)
		return r;
	if (!str_eq(c.text, now))
		return err_set(err, EBUSY, "its configuration has been changed again meanwhile");
	return file_replace_at(c.folder, "config", was, strlen(was), 0600, err);
}
