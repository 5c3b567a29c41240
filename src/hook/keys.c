/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [hook]. */
#include "hook/keys.h"

#include "base/clock.h"
#include "hook/hook.h"

const char *const hook_names[HOOK_TYPES] = {
	[HOOK_PRE_START] = "pre-start", [HOOK_PRE_MOUNT] = "pre-mount",   [HOOK_MOUNT] = "mount",
	[HOOK_AUTODEV] = "autodev",     [HOOK_START_HOST] = "start-host", [HOOK_START] = "start",
	[HOOK_STOP] = "stop",           [HOOK_POST_STOP] = "post-stop",   [HOOK_DESTROY] = "destroy",
};

#define COMMANDS(which) .type = &key_commands, .off = offsetof(struct hook_conf, of[which]), .flags = KEY_LIST

static const struct key keys[] = {
	{ .name = "pre-start", COMMANDS(HOOK_PRE_START), .help = "Runs on the host before anything is made for a start." },
	{ .name = "pre-mount", COMMANDS(HOOK_PRE_MOUNT), .help = "Runs as container root, before its root is mounted." },
	{ .name = "mount",
	  COMMANDS(HOOK_MOUNT),
	  .help = "Runs as container root once everything is mounted, with the host's files." },
	{ .name = "autodev",
	  COMMANDS(HOOK_AUTODEV),
	  .help = "Runs as container root once /dev is filled, with the host's files." },
	{ .name = "start-host", COMMANDS(HOOK_START_HOST), .help = "Runs on the host just before init." },
	{ .name = "start", COMMANDS(HOOK_START), .help = "Runs in the container just before init: a program of its own." },
	{ .name = "stop",
	  COMMANDS(HOOK_STOP),
	  .help = "Runs on the host after init's end, with the container's namespaces." },
	{ .name = "post-stop",
	  COMMANDS(HOOK_POST_STOP),
	  .help = "Runs on the host when everything of a run has been undone." },
	{ .name = "destroy", COMMANDS(HOOK_DESTROY), .help = "Runs on the host before the container is removed." },
	{ .name = "timeout",
	  .type = &key_duration,
	  .off = offsetof(struct hook_conf, timeout),
	  .def = "60",
	  .min = CLOCK_MS,
	  .help = "How long each hook may take, before it is killed." },
	{ 0 },
};

const struct section hook_section = { .name = "hook", .keys = keys };
