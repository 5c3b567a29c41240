/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of mgr-manage: they read and write configurations. */
#include "cli/cli.h"
#include "cli/describe.h"

void (*const cli_describe_more)(void) = describe_keys;

extern const struct command cmd_autostart, cmd_config, cmd_copy, cmd_create, cmd_destroy, cmd_device, cmd_execute,
	cmd_export, cmd_images, cmd_import, cmd_net, cmd_rename, cmd_snapshot;

const struct command *const cli_commands[] = {
	&cmd_autostart, &cmd_config, &cmd_copy,   &cmd_create, &cmd_destroy, &cmd_device,   &cmd_execute,
	&cmd_export,    &cmd_images, &cmd_import, &cmd_net,    &cmd_rename,  &cmd_snapshot, NULL,
};
