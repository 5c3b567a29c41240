/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a qcow2 disk holds, found and mounted by the process that serves it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "storage/disk_server.h"
#include "storage/fs.h"

static int find_or_start(struct disk_serving *s, int folder, const char *id, struct err *err)
{
	int device;

	s->all = folder;
	device = disk_find_device(s, s->disk, id, &s->told->device);
	return device >= 0 ? device : disk_start_server(s, folder, err);
}

static int open_disk(const char *path, struct err *err)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return file < 0 ? err_sys(err, errno, "open '%s'", path) : steal_fd(&file);
}

static struct disk_told *share(struct err *err)
{
	struct disk_told *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (told != MAP_FAILED)
		return told;
	err_nomem(err);
	return NULL;
}

int disk_find_served(const struct store *store, const char *path, int64_t wanted, struct disk *ret, struct err *err)
{
	autoclose int folder = disk_folder(store, err), lock = folder < 0 ? folder : disk_lock(folder, err), file = -1;
	struct disk_serving s = { .path = path, .disk = ret, .looks = true, .wanted = wanted, .all = folder };
	int device;

	if (lock < 0 || (file = open_disk(path, err)) < 0 || disk_take_file(file, path, ret, err) < 0 ||
	    !(s.told = share(err)))
		return -err->code;
	s.file = file;
	device = disk_start_server(&s, folder, err);
	if (device >= 0) {
		char *from = ret->from;
		*ret = s.told->disk;
		ret->from = from;
	}
	munmap(s.told, sizeof *s.told);
	return device;
}

static int note(const struct storage_note *note, const struct store *store, const char *id, struct err *err)
{
	autofree char *path = str_fmt("%s/" DISK_RUN "/%s", store->manager_run, id);

	if (!note)
		return 0;
	return path ? note->fn(note->data, path, err) : err_nomem(err);
}

/* What it has once it is mounted: of one that grows or shrinks with that its device tells later. */
static uint64_t length_then(const struct fs *fs, int device, const struct disk_service *service)
{
	uint64_t now = 0;

	if (fs_measure(fs, device, &now, NULL) < 0)
		return 0;
	if (!service->size || (now > service->size && !service->shrink))
		return now;
	return now > service->size || fs_lacks(fs, device, service->size, NULL) > 0 ? service->size : now;
}

static int mount_written(const struct disk_serving *s, int device, struct disk_service *service, struct err *err)
{
	const bool lost = s->service->lost;
	autoclose int delta = open(s->delta, O_RDONLY | O_CLOEXEC);
	const struct fs *fs;

	if (delta < 0)
		return err_sys(err, errno, "open '%s'", s->delta);
	if (fs_probe(device, &fs, err) < 0)
		return err_wrap(err, "'%s' cannot be written", s->path);
	service->fs = fs;
	if (fs_check_room(fs, device, delta, lost, s->path, err) < 0 || fs_check(fs, device, s->path, lost, err) < 0)
		return -err->code;
	service->length = length_then(fs, device, service);
	return fs_mount_fitting(fs, device, s->told->device, s->path, service->options, service->size, service->shrink, err);
}

static int mount_it(struct disk_serving *s, int folder, const char *id, struct disk_service *service, struct err *err)
{
	autoclose int device = find_or_start(s, folder, id, err), tree = -1;

	if (device < 0)
		return err_wrap(err, "'%s'", s->path);
	service->server = s->told->server;
	tree = s->delta ? mount_written(s, device, service, err) : disk_mount_device(s->told->device, s->disk, s->path, err);
	if (tree < 0 || !service->note)
		return tree < 0 ? tree : steal_fd(&tree);
	service->use = disk_take_use(folder, id, err);
	return service->use < 0 || disk_watch(folder, id, &service->served, err) < 0 ? -err->code : steal_fd(&tree);
}

int disk_mount_served(const struct disk *disk, const char *path, const struct store *store, struct disk_service *service,
		      struct err *err)
{
	const bool own = !disk->length; /* what is served is no disk of the user's */
	autoclose int folder = disk_folder(store, err), lock = -1, file = open_disk(own ? service->top : path, err);
	struct disk_serving s = {
		.path = path, .service = service, .disk = disk, .file = file, .delta = service->delta, .uuid = service->uuid
	};
	char id[DISK_ID_SIZE];
	int tree;

	service->use = service->served = -1;
	service->server = 0;
	if (folder < 0 || file < 0 || (s.uuid && disk_await_end(folder, s.uuid, err) < 0) ||
	    (lock = disk_lock(folder, err)) < 0 || (!own && disk_check_file(file, path, disk, err) < 0) ||
	    disk_make_id(&s, disk->partition, id, err) < 0 || note(service->note, store, id, err) < 0 ||
	    !(s.told = share(err)))
		return -err->code;
	tree = mount_it(&s, folder, id, service, err);
	munmap(s.told, sizeof *s.told);
	return tree;
}
