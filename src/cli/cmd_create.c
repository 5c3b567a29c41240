/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/create_ask.h"
#include "cli/progress.h"
#include "life/life.h"
#include "life/passing.h"
#include "mount/volume.h"
#include "storage/storage.h"
#include "template/template.h"

struct create {
	const char *template, *archive, *rootfs, *image, *disk, *backing, *backend, *conf;
	int64_t partition; /* its number and 1; 0: not said */
	char *answer;      /* the template that was asked for */
	bool exposed, in_place, block, import, interactive;
	struct strv set;
	struct in_addr ip;
};

static int set_template(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	if (create->template)
		return err_set(err, EINVAL, "only one: '%s' or '%s'", create->template, value);
	create->template = value;
	return 0;
}

static int set_archive(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)err;
	create->archive = value;
	return 0;
}

static int set_rootfs(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)err;
	create->rootfs = value;
	return 0;
}

static int set_image(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)err;
	create->image = value;
	return 0;
}

static int set_in_place(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)value, (void)err;
	create->in_place = true;
	return 0;
}

static int set_disk(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)err;
	create->disk = value;
	return 0;
}

static int set_import(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)value, (void)err;
	create->import = true;
	return 0;
}

static int set_backing(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)err;
	create->backing = value;
	return 0;
}

static int set_block(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)value, (void)err;
	create->block = true;
	return 0;
}

static int set_partition(void *data, const char *value, struct err *err)
{
	struct create *create = data;
	uint64_t number;

	if (str_uint(value, 0, UINT32_MAX, &number) < 0)
		return err_set(err, EINVAL, "'%s' is no number of a partition: 1 or more, or 0 for all of the disk", value);
	create->partition = (int64_t)number + 1;
	return 0;
}

static int set_backend(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	create->backend = value;
	return str_eq(value, "auto") || storage_named(value, err) ? 0 : -err->code;
}

static int set_exposed(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)value, (void)err;
	create->exposed = true;
	return 0;
}

static int set_interactive(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)value, (void)err;
	create->interactive = true;
	return 0;
}

static int set_conf(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	(void)err;
	create->conf = value;
	return 0;
}

static int set_key(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return strv_add(&create->set, value) < 0 ? err_nomem(err) : 0;
}

static int set_forward(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return cli_set_key(&create->set, "forward.port+", value, err);
}

static int set_volume(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return mount_volume_assign(value, &create->set, err);
}

static int set_size(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return cli_set_key(&create->set, "rootfs.size", value, err);
}

static int set_memory(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return cli_set_key(&create->set, "limits.memory", value, err);
}

static int set_cpus(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return cli_set_key(&create->set, "limits.cpus", value, err);
}

static int set_pids(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	return cli_set_key(&create->set, "limits.pids", value, err);
}

static int set_ip(void *data, const char *value, struct err *err)
{
	struct create *create = data;

	if (inet_pton(AF_INET, value, &create->ip) != 1 || !create->ip.s_addr)
		return err_set(err, EINVAL, "'%s' is not an IPv4 address such as 10.118.0.5", value);
	return 0;
}

static const struct option_row opts[] = {
	{ 't', "template", "TEMPLATE",
	  "What fills the root file system: a template's name, or a program's path.\n"
	  "                            'mgr-create -t TEMPLATE -- --help' shows its own options.",
	  .set = set_template },
	{ 0, "tar", "FILE",
	  "Fill it from a tar file instead, plain or packed by gzip, xz, zstd or bzip2;\n"
	  "                            - is standard input.",
	  .set = set_archive },
	{ 0, "rootfs", "DIR", "Use a folder where it is instead; nothing ever removes it.", .set = set_rootfs },
	{ 0, "image", "FILE",
	  "Use the file system in a file, or on the disk in it, and only read it: what changes\n"
	  "                            is kept beside.",
	  .set = set_image },
	{ 0, "in-place", NULL, "With --image: write to the file.", .set = set_in_place },
	{ 0, "disk", "FILE", "Use what is on a qcow2 disk, likewise, and only read it.", .set = set_disk },
	{ 0, "block", NULL,
	  "With --disk: keep what changes as blocks of the disk, whose file system is then\n"
	  "                            mounted to be written.",
	  .set = set_block },
	{ 0, "import", NULL, "With --disk: copy it into an image of its own, as of backend loop.", .set = set_import },
	{ 0, "backing-from", "DIR", "With --disk: what the disk stands on may be in this folder too.", .set = set_backing },
	{ 0, "partition", "N", "With --image and --disk: the partition that it is; 0 is all of the disk.",
	  .set = set_partition },
	{ 'B', "backend", "BACKEND", "How its root file system is stored; auto chooses.", .set = set_backend },
	{ 0, "size", "SIZE", "How large the file system of backend loop is, instead of 10G.", .set = set_size },
	{ 0, "exposed", NULL, "With --rootfs: although others than root can come to it.", .set = set_exposed },
	{ 'i', "interactive", NULL, "Ask for what is missing, on the terminal.", .set = set_interactive },
	{ 'f', "config", "FILE", "Configuration to start from, instead of default.conf.", .set = set_conf },
	{ 's', "set", "KEY=VALUE", "Set a key of the configuration; += adds to a list.", .set = set_key },
	{ 0, "forward", "SPEC", "Forward a port of the host, such as tcp:8080:80.", .set = set_forward },
	{ 'v', "volume", "VOLUME", "Let it have a file or folder of the host's: HOST:CTR, or HOST:CTR:ro.",
	  .set = set_volume },
	{ 0, "ip", "ADDRESS", "Address on the managed network, instead of a free one.", .set = set_ip },
	{ 0, "memory", "SIZE", "Limit of memory, such as 512M.", .set = set_memory },
	{ 0, "cpus", "N", "Limit of processor time, in processors, such as 1.5.", .set = set_cpus },
	{ 0, "pids", "N", "Limit of processes.", .set = set_pids },
	{ 0 },
};

static int ask(struct cli *cli, struct err *err)
{
	struct create *create = cli->data;
	int r = 0;

	if (!create->interactive || cli_tail_help(cli))
		return 0;
	if (!cli->names.n)
		r = create_ask_name(cli->path, &cli->names, err);
	else
		r = create_check_name(cli->path, cli->names.v[0], err);
	if (r == 0 && !create->template && !create->archive && !create->rootfs && !create->image && !create->disk) {
		r = create_ask_template(&create->answer, err);
		create->template = create->answer;
	}
	return r == 0 && create->template ? create_ask_options(create->template, &cli->rest, err) : r;
}

/* The template's latest line, over the one before. */
static void show_line(const char *line, void *data)
{
	struct winsize size = { 0 };
	const char *name = data;
	int left;

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	left = (size.ws_col ? (int)size.ws_col : 80) - (int)strlen(name) - 15;
	if (left > 0)
		fprintf(stderr, "\r\033[Kmgr-create: %s: %.*s", name, left, line);
}

static void show_progress(uint64_t done, uint64_t total, void *data)
{
	progress_show(data, done, total);
}

/* 0, or the exit code of a command line that does not say one source. */
static int check_source(struct cli *cli)
{
	const struct create *create = cli->data;
	int sources = !!create->template + !!create->archive + !!create->rootfs + !!create->image + !!create->disk;

	if (sources == 0)
		return cli_usage(
			cli, "which template? one of -t TEMPLATE, --tar FILE, --rootfs DIR, --image FILE and --disk FILE "
			     "is needed");
	if (sources > 1)
		return cli_usage(cli, "only one of -t, --tar, --rootfs, --image and --disk");
	if (create->backend && create->rootfs)
		return cli_usage(cli, "-B does not go with --rootfs: a folder that is used where it is is stored as it is");
	if (create->backend && (create->image || create->disk))
		return cli_usage(cli, "-B does not go with --image and --disk: they say how it is stored");
	if (create->partition && !create->image && !create->disk)
		return cli_usage(cli, "--partition goes with --image and --disk");
	if (create->in_place && !create->image)
		return cli_usage(cli, "--in-place goes with --image");
	if (create->block && (!create->disk || create->import))
		return cli_usage(cli, "--block goes with --disk, and not with --import");
	if (create->import && !create->disk)
		return cli_usage(cli, "--import goes with --disk");
	if (create->backing && !create->disk)
		return cli_usage(cli, "--backing-from goes with --disk");
	if (create->exposed && !create->rootfs)
		return cli_usage(cli, "--exposed goes with --rootfs");
	if (cli->rest.n && !create->template)
		return cli_usage(cli, "'%s': what follows -- goes to a template, and there is none", cli->rest.v[0]);
	return 0;
}

static int create(struct cli *cli, const char *name, struct err *err)
{
	const struct create *create = cli->data;
	autofree char *shown = NULL;
	autocall(str_done) struct str tail = { 0 };
	struct progress progress = { .command = "create", .name = name, .began = clock_now() };
	struct life_create what = { .name = name,
				    .template = create->template,
				    .archive = create->archive,
				    .rootfs = create->rootfs,
				    .image = create->image,
				    .in_place = create->in_place,
				    .disk = create->disk,
				    .block = create->block,
				    .import = create->import,
				    .backing = create->backing,
				    .partition = create->partition - 1,
				    .backend = create->backend,
				    .exposed = create->exposed,
				    .args = &cli->rest,
				    .conf = create->conf,
				    .set = &create->set,
				    .ip = create->ip };
	int r = check_source(cli);

	if (r != 0)
		return r;
	if (cli_tail_help(cli))
		return template_help(create->template, err);
	shown = strdup(name);
	if (!shown)
		return err_nomem(err);
	passing_sweep(&cli->store);
	if (cli_progress() && create->import) {
		what.progress = show_progress;
		what.data = &progress;
	} else if (cli_progress()) {
		what.line = show_line;
		what.data = shown;
		show_line("...", shown);
	}
	r = life_create(&cli->store, &what, &tail, err);
	if (cli_progress())
		fputs("\r\033[K", stderr);
	if ((create->disk || create->image) && tail.len)
		fprintf(stderr, "mgr-create: %s: %s\n", name, str_text(&tail));
	else if ((r < 0 || create->archive) && tail.len)
		fputs(str_text(&tail), stderr);
	if (r > 0)
		cli_complain(cli, name, err);
	return r < 0 ? r : 0;
}

static void done(void *data)
{
	struct create *create = data;

	strv_done(&create->set);
	free(create->answer);
}

const struct command cmd_create = {
	.name = "create",
	.args = "NAME -t TEMPLATE [-- ARG...] | NAME --tar FILE | NAME --rootfs DIR | NAME --image FILE | NAME --disk FILE",
	.help = "Make a container from a template, a tar file, a folder or a disk; what follows -- goes to the template.",
	.opts = opts,
	.data_size = sizeof(struct create),
	.flags = CMD_ONE_NAME | CMD_TAIL,
	.ask = ask,
	.run = create,
	.done = done,
};
