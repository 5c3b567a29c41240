/* A container's life by libmgr: made, started, entered, looked at, stopped, removed.
 *
 *     cc $(pkg-config --cflags mgr) -o tour tour.c $(pkg-config --libs mgr) && sudo ./tour web
 *
 * This file may be used without conditions (CC0-1.0). */
#include <mgr/mgr.h>

#include <stdio.h>
#include <stdlib.h>

static struct mgr_error error;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "tour: %s: %s\n", what, error.message);
	exit(1);
}

static void show(struct mgr *m, const char *name)
{
	struct mgr_info *info;

	check(mgr_get_info(m, name, &info, &error), "look");
	printf("%s is %s", name, mgr_state_name(info->state));
	if (info->ready)
		printf(", ready by %s", info->ready_how);
	if (info->memory_limit != MGR_UNKNOWN)
		printf(", may use %llu MiB", (unsigned long long)(info->memory_limit >> 20));
	for (char **ip = info->ipv4; *ip; ip++)
		printf(", at %s", *ip);
	printf("\n");
	mgr_free_info(info);
}

/* Runs a command inside, its output being ours. */
static void say_hello(struct mgr *m, const char *name)
{
	static const char *const hello[] = { "sh", "-c", "echo hello from $(hostname); exit 3", NULL };
	struct mgr_process *process;
	int status;

	check(mgr_exec(m, name, hello, NULL, &process, &error), "exec");
	status = mgr_process_wait(process, 10000, &error);
	mgr_process_free(process);
	check(status, "exec");
	printf("it exited with %d\n", status);
}

int main(int argc, char **argv)
{
	static const char *const keys[] = { "limits.memory=64M", "net.0.type=empty", NULL };
	struct mgr_create_options create = { .size = sizeof create, .from = "busybox", .set = keys };
	const char *name = argc > 1 ? argv[1] : "tour";
	struct mgr *m;

	setvbuf(stdout, NULL, _IONBF, 0); /* the command inside writes there too */
	check(mgr_open(NULL, &m, &error), "open");
	check(mgr_create(m, name, &create, &error), "create");
	check(mgr_start(m, name, NULL, &error), "start");
	check(mgr_wait_ready(m, name, 10000, &error), "wait");
	show(m, name);
	say_hello(m, name);
	check(mgr_stop(m, name, 10000, &error), "stop");
	show(m, name);
	check(mgr_destroy(m, name, false, &error), "destroy");
	mgr_close(m);
	return 0;
}
