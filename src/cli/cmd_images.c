/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "life/images.h"
#include "life/passing.h"
#include "life/take.h"

static const struct print_column columns[] = {
	{ "id", "ID", PRINT_TEXT },         { "size", "SIZE", PRINT_BYTES },     { "created", "CREATED", PRINT_TIME },
	{ "base", NULL, PRINT_TEXT },       { "in_use", "USERS", PRINT_NUMBER }, { "users", NULL, PRINT_LIST },
	{ "called", "CALLED", PRINT_LIST },
};

struct shown {
	const struct image *image;
	struct strv users;
	uint64_t size;
};

static int look(const struct cli *cli, const struct images *list, const struct image *image, struct shown *ret,
		struct err *err)
{
	int r = image_users(&cli->store, list, image, &ret->users, err);

	ret->image = image;
	return r < 0 ? r : life_image_size(&cli->store, image, &ret->size, err);
}

static int add_row(struct print *p, const struct cli *cli, const struct images *list, const struct image *image,
		   struct err *err)
{
	struct shown s = { 0 };
	int r = look(cli, list, image, &s, err);

	if (r == 0)
		r = print_row(p,
			      (struct print_cell[]){
				      print_text(image->id),
				      print_number(s.size),
				      print_number(image->created),
				      print_text(*image->base ? image->base : NULL),
				      print_number(s.users.n),
				      print_list(&s.users),
				      print_list(&image->keys),
			      },
			      err);
	strv_done(&s.users);
	return r;
}

/* one NULL: all of them. */
static int print_images(const struct cli *cli, const struct images *list, const struct image *one, struct err *err)
{
	struct print *p = print_new(columns, ARRAY_SIZE(columns), cli->json ? PRINT_JSON : PRINT_TABLE, err);
	int r = p ? 0 : -err->code;

	for (size_t i = 0; i < list->n && r == 0; i++)
		if (!one || one == &list->v[i])
			r = add_row(p, cli, list, &list->v[i], err);
	if (r == 0)
		r = print_end(p, err);
	print_free(p);
	return r;
}

static int ls(struct cli *cli, struct err *err)
{
	autocall(images_done) struct images list = { 0 };
	int r = image_list(&cli->store, &list, err);

	return r < 0 ? r : print_images(cli, &list, NULL, err);
}

static void show_text(const char *label, const char *text)
{
	printf("%-15s %s\n", label, text);
}

static int show(const struct cli *cli, const struct images *list, const struct image *image, struct err *err)
{
	struct shown s = { 0 };
	char text[40];
	int r = look(cli, list, image, &s, err);

	if (r == 0) {
		show_text("ID:", image->id);
		for (size_t i = 0; i < image->keys.n; i++)
			show_text("Called:", image->keys.v[i]);
		show_text("Size:", print_bytes_text(s.size, text));
		show_text("Created:", print_time_text(image->created, text));
		if (*image->base)
			show_text("Stands on:", image->base);
		for (size_t i = 0; i < s.users.n; i++)
			show_text("Used by:", s.users.v[i]);
	}
	strv_done(&s.users);
	return r;
}

static int info(struct cli *cli, struct err *err)
{
	autocall(images_done) struct images list = { 0 };
	const struct image *image;
	int r = image_list(&cli->store, &list, err);

	image = r < 0 ? NULL : life_image_find(&list, cli->rest.v[1], err);
	if (!image)
		return -err->code;
	return cli->json ? print_images(cli, &list, image, err) : show(cli, &list, image, err);
}

static int rm(struct cli *cli, struct err *err)
{
	int status = 0;

	for (size_t i = 1; i < cli->rest.n; i++) {
		err_clear(err);
		if (life_image_remove(&cli->store, cli->rest.v[i], err) == 0)
			continue;
		cli_complain(cli, cli->rest.v[i], err);
		status = 1;
	}
	return status;
}

static int prune(struct cli *cli, struct err *err)
{
	autocall(strv_done) struct strv gone = { 0 };
	int r = life_images_prune(&cli->store, &gone, err);

	for (size_t i = 0; i < gone.n; i++)
		puts(gone.v[i]);
	return r;
}

static void tell(const char *name, int r, const struct err *why, void *data)
{
	if (r < 0)
		cli_complain(data, name, why);
	else if (r > 0)
		puts(name);
}

static int take(struct cli *cli, struct err *err)
{
	return life_take_disk(&cli->store, cli->rest.v[1], tell, cli, err);
}

static const struct {
	const char *name;
	int (*run)(struct cli *cli, struct err *err);
	size_t least, most; /* words, its own name among them */
	bool json;
} verbs[] = {
	{ "ls", ls, 1, 1, true },     { "rm", rm, 2, SIZE_MAX, false }, { "prune", prune, 1, 1, false },
	{ "info", info, 2, 2, true }, { "take", take, 2, 2, false },
};

static int check(struct cli *cli)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs) && cli->rest.n; i++) {
		if (!str_eq(cli->rest.v[0], verbs[i].name))
			continue;
		if (cli->rest.n < verbs[i].least)
			return cli_usage(cli, "'%s' takes %s", verbs[i].name,
					 verbs[i].run == take ? "the path of a disk" : "the ID of an image");
		if (cli->rest.n > verbs[i].most)
			return cli_usage(cli, "unexpected argument '%s'", cli->rest.v[verbs[i].most]);
		return cli->json && !verbs[i].json ? cli_usage(cli, "--json goes with ls and info") : 0;
	}
	return cli_usage(cli, "one of ls, rm, prune, info and take is needed");
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	(void)name;
	if (!str_eq(cli->rest.v[0], "ls") && !str_eq(cli->rest.v[0], "info"))
		passing_sweep(&cli->store); /* what is over stands on nothing any more */
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(cli->rest.v[0], verbs[i].name))
			return verbs[i].run(cli, err);
	return 0;
}

const struct command cmd_images = {
	.name = "images",
	.args = "ls | rm IMAGE... | prune | info IMAGE | take FILE",
	.help = "List, remove or look at what containers of templates stand on.",
	.flags = CMD_WORDS | CMD_JSON | CMD_FOLDER,
	.check = check,
	.run = run,
};
