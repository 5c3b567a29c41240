/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What containers of a template have in common, made once. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "life/internal.h"

#define LOOK_AGAIN 100 /* ms */

/* For a while, since another command makes it; -EINTR when a signal that ends ours is pending, which it stays. */
static int wait_a_while(struct err *err)
{
	autoclose int fd = -1;
	sigset_t set;

	template_signals(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "watch for signals");
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, LOOK_AGAIN) > 0 ? err_set(err, EINTR, "interrupted")
										       : 0;
}

static int fill(const struct birth *birth, const struct template *how, const struct image_new *image, struct str *ret_tail,
		struct err *err)
{
	autofree char *tree = str_fmt("%s/" IMAGE_TREE, image->path);
	struct template run = *how;
	autoclose int dir = -1;
	int r;

	if (!tree)
		return err_nomem(err);
	run.rootfs = tree;
	run.verb = TEMPLATE_MAKE_BASE;
	r = template_run(&run, ret_tail, err);
	if (r < 0)
		return r;
	dir = open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return birth_check_filled(dir, "template", birth->what->template, err);
}

int birth_base(const struct birth *birth, const struct template *run, char ret_id[static IMAGE_ID_SIZE],
	       struct str *ret_tail, struct err *err)
{
	struct image_new image;
	int r;

	while ((r = image_begin(birth->store, birth->base, &image, ret_id, err)) == -EAGAIN) {
		image_new_done(&image);
		r = wait_a_while(err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = fill(birth, run, &image, ret_tail, err);
	else if (r > 0)
		r = 1;
	if (r == 0)
		r = image_commit(&image, ret_id, err);
	image_new_done(&image);
	return r < 0 ? r : 0;
}
