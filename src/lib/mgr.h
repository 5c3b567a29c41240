/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libmgr: system containers from a program. What the commands do, without them: see mgr(1) for what each thing means.
 *
 *     struct mgr *m;
 *     struct mgr_error error;
 *
 *     if (mgr_open(NULL, &m, &error) < 0 || mgr_start(m, "web", NULL, &error) < 0)
 *             fprintf(stderr, "%s\n", error.message);
 *
 * Calling. A function returns 0 or more, or a negative errno value, and then fills *error; error may be NULL. Containers are
 * named by their names: -EINVAL for what is no name, -ENOENT where no such container exists, whatever else is listed. What
 * needs root is -EACCES or -EPERM for others. -ENOMEM and -EMFILE are possible everywhere. The library never prints, never
 * exits, and changes neither signals nor the environment nor the working folder. Some calls run programs of mgr's: SIGCHLD
 * must not be ignored while they do.
 *
 * Ownership. Texts and lists that are passed in are read during the call alone. What comes back in `ret` is the caller's,
 * freed by the function that is named there; all of those take NULL.
 *
 * Threads. A struct mgr never changes: threads may use one at the same time, and many of them side by side, until one closes
 * it. A struct mgr_process is one thread's at a time. All calls may block; those with a timeout no longer than that, but for
 * the kernel's own work.
 *
 * Options. Each struct of options begins with its size, to be set to sizeof of the struct; everything else may be 0, which
 * is the usual thing. It may so grow at its end. NULL stands for all usual.
 *
 * Times. Timeouts are in milliseconds, negative: no end. Points in time are nanoseconds of CLOCK_REALTIME. */
#ifndef MGR_MGR_H
#define MGR_MGR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- errors, names, the manager -----------------------------------------------------------------------------------------
 */

struct mgr_error {
	int code;          /* errno value, > 0 */
	char message[508]; /* one line, without the container's name, no control characters, cut when longer */
};

/* A manager: a store of containers. */
struct mgr;

/* Version of the library that is in use, "0.1.0". */
const char *mgr_version(void);

/* Open a store: path as of -P, NULL for the manager's own. MGR_ROOT and MGR_CACHE in the environment are obeyed, as by the
 * commands; they are to be the same as long as it is open. Nothing is made or locked. ret: mgr_close. -EINVAL: path is not
 * usable as a store. */
int mgr_open(const char *path, struct mgr **ret, struct mgr_error *error);
void mgr_close(struct mgr *m);

/* The names of all containers, sorted, NULL at the end; returns how many. ret: mgr_free_list. */
int mgr_list(struct mgr *m, char ***ret, struct mgr_error *error);
void mgr_free_list(char **list);

/* 1 when there is a container of this name, 0 when not. */
int mgr_exists(struct mgr *m, const char *name, struct mgr_error *error);

/* --- looking, waiting -----------------------------------------------------------------------------------------------------
 */

enum mgr_state {
	MGR_STOPPED, /* nothing of it lives */
	MGR_STARTING,
	MGR_RUNNING, /* init has been executed */
	MGR_STOPPING,
	MGR_ABORTING, /* what a dead supervisor left is being cleared away, or waits to be */
	MGR_FREEZING,
	MGR_FROZEN,
	MGR_THAWED
};

/* "RUNNING"; NULL for what is no state. Static. */
const char *mgr_state_name(enum mgr_state state);

/* The state now. */
int mgr_get_state(struct mgr *m, const char *name, enum mgr_state *ret, struct mgr_error *error);

#define MGR_UNKNOWN UINT64_MAX /* a number that the host cannot tell, or a limit that there is not */

struct mgr_info {
	enum mgr_state state;
	bool ready;                               /* the guest is up, by what ready_how says */
	bool silent;                              /* its supervisor does not answer: what it alone knows is missing */
	const char *ready_how;                    /* "notify", "exec", "port 80", "" while not ready */
	const char *status;                       /* the guest's last word about itself (systemd's STATUS=), "" without */
	const char *uuid;                         /* "" without */
	pid_t init, supervisor;                   /* as this process sees them; 0: none */
	uint64_t started;                         /* point in time of this run; 0 when it does not run */
	uint32_t reboots;                         /* inside, since then */
	char **ipv4, **ipv6;                      /* addresses, NULL at the end */
	char **forwards;                          /* in force, or configured when it does not run; NULL at the end */
	uint64_t memory, memory_limit, cpu, pids; /* bytes, bytes, ns, processes; MGR_UNKNOWN */
	/* The latest run that has ended: */
	bool has_last;
	bool last_killed; /* by who stopped it */
	int last_status;  /* init's, as of waitpid(2); -1 when nobody saw its end */
	uint64_t last_ended;
	uint64_t last_oom_kills;
	const char *last_failure; /* why it could not start or go on, "" when it could */
	const char *last_lost;    /* what of its files was lost, "" when nothing was */
	uint64_t unserved; /* point in time when it has lost its disk in this run (MGR_EVENT_UNSERVED); 0: it has not */
	uint64_t failing;  /* the same of MGR_EVENT_FAILING */
};

/* All that is to be seen; its texts go with it. ret: mgr_free_info. */
int mgr_get_info(struct mgr *m, const char *name, struct mgr_info **ret, struct mgr_error *error);
void mgr_free_info(struct mgr_info *info);

#define MGR_STATE_BIT(state) (1U << (state))

/* Wait until it is in one of the states (MGR_STATE_BIT of each, or-ed), by event; returns the state that it was in, an enum
 * mgr_state. -ETIMEDOUT. */
int mgr_wait(struct mgr *m, const char *name, unsigned states, int timeout_ms, struct mgr_error *error);

/* Wait until the guest is ready; returns at once when it is. -ETIMEDOUT; -ECHILD when it has stopped instead, or does not
 * run. */
int mgr_wait_ready(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error);

enum mgr_event_kind {
	MGR_EVENT_STATE, /* event->state is new */
	MGR_EVENT_READY,
	MGR_EVENT_EXIT,     /* init has ended, with event->exit_status as of waitpid(2) */
	MGR_EVENT_OOM,      /* the kernel has killed for want of memory; event->oom_kills since the start */
	MGR_EVENT_UNSERVED, /* the process that serves its disk was killed: its files answer with errors */
	MGR_EVENT_FAILING   /* its disk, or the host's below it, is full or broken: what it writes may be lost */
};

struct mgr_event {
	enum mgr_event_kind kind;
	enum mgr_state state;
	const char *name;
	uint64_t time; /* point in time */
	int exit_status;
	uint64_t oom_kills;
};

/* Call `event` for whatever happens to any container of the store, those made later too, first with the state of each that
 * there is. Ends when `event` returns other than 0, and returns that. *event is valid during the call alone. */
int mgr_monitor(struct mgr *m, int (*event)(const struct mgr_event *event, void *data), void *data, struct mgr_error *error);

/* --- running --------------------------------------------------------------------------------------------------------------
 */

struct mgr_start_options {
	size_t size;
	const char *const *set; /* "section.key=value" for this run, NULL at the end */
};

/* Start it; returns when init has been executed. 1 when it was running already, and nothing was done. A stop that is under
 * way is waited for. Errors are those of the step that failed, which the message names; everything is undone then. */
int mgr_start(struct mgr *m, const char *name, const struct mgr_start_options *options, struct mgr_error *error);

/* Ask init to end and wait until nothing of it is left; when the time is up, everything is killed (0: at once). -ESRCH: it
 * was not running. */
int mgr_stop(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error);

/* Kill everything in it, and wait until nothing of it is left. -ESRCH: it was not running. */
int mgr_kill(struct mgr *m, const char *name, struct mgr_error *error);

/* Ask init to reboot and wait until the next one runs. -ESRCH: it was not running; -ETIMEDOUT: it goes on as it was. */
int mgr_reboot(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error);

/* Suspend all its processes; 0 also when they are. -ESRCH: it does not run; -ETIMEDOUT: all run on. */
int mgr_freeze(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error);
int mgr_unfreeze(struct mgr *m, const char *name, struct mgr_error *error);

/* --- processes of ours that do something with a container ---------------------------------------------------------------
 */

struct mgr_process;

struct mgr_exec_options {
	size_t size;
	const char *user, *group; /* names of the container's or numbers; NULL: root, the user's own group */
	const char *cwd;          /* absolute; NULL: the user's home */
	const char *const *env;   /* KEY=VALUE, over what the user has there; NULL at the end */
	const int *fds; /* three: what the command has as 0, 1 and 2; -1: /dev/null. NULL: the caller's own. A terminal is
			 * replaced by one of the container's, and must be the caller's own */
};

/* Run a command in a running container; argv[0] is looked up in its PATH, NULL at the end. Returns when the process that
 * enters has begun; how it went is what mgr_process_wait says. ret: mgr_process_free. */
int mgr_exec(struct mgr *m, const char *name, const char *const *argv, const struct mgr_exec_options *options,
	     struct mgr_process **ret, struct mgr_error *error);

/* Wait for its end; returns its exit status, 128 + n when signal n ended it. Where there is no command's status, what went
 * wrong instead: -ESRCH (the container does not run), -ENOENT (no such command), -EACCES (it cannot be executed), -EBUSY
 * (the container is frozen)... -ETIMEDOUT: it goes on. Asked again, it says the same. */
int mgr_process_wait(struct mgr_process *process, int timeout_ms, struct mgr_error *error);

/* A descriptor that is readable once it has ended, for poll(2); it stays the process's. */
int mgr_process_fd(const struct mgr_process *process);

/* Send it a signal: SIGTERM, SIGINT, SIGHUP and SIGQUIT reach the command inside. -ESRCH: it has ended. */
int mgr_process_signal(struct mgr_process *process, int sig, struct mgr_error *error);

/* Forget it. One that goes on is ended. */
void mgr_process_free(struct mgr_process *process);

/* Connect to the console of a running container: what it last said comes first. *ret_fd, a stream socket, is the caller's to
 * close: what is read is the console's output, what is written is typed there. ret: mgr_process_free, which ends the
 * connection. watch: only to read, beside who else is connected. */
int mgr_console(struct mgr *m, const char *name, bool watch, struct mgr_process **ret, int *ret_fd, struct mgr_error *error);

/* --- at rest --------------------------------------------------------------------------------------------------------------
 */

struct mgr_create_options {
	size_t size;
	const char *from;        /* template: name or absolute path; NULL: busybox */
	const char *const *args; /* of the template, NULL at the end */
	const char *const *set;  /* "section.key=value", NULL at the end */
	const char *conf;        /* a file to start from instead of /etc/mgr/default.conf */
};

/* Make a container. -EEXIST; or what the template said, and then nothing of it is left. */
int mgr_create(struct mgr *m, const char *name, const struct mgr_create_options *options, struct mgr_error *error);

/* Remove a container with all that is its. force: stop it first; else -EBUSY when it runs. */
int mgr_destroy(struct mgr *m, const char *name, bool force, struct mgr_error *error);

/* The value of a key as the configuration has it, or its default: a list has several, a key without any none. NULL at the
 * end; returns how many. ret: mgr_free_list. -EINVAL: unknown key. */
int mgr_config_get(struct mgr *m, const char *name, const char *key, char ***ret, struct mgr_error *error);

/* Set a key; NULL: back to its default. -EINVAL: unknown key, or a value that is refused; nothing is changed then. Takes
 * effect with the next start, or at once for keys that `mgr-config keys` calls live. */
int mgr_config_set(struct mgr *m, const char *name, const char *key, const char *value, struct mgr_error *error);

/* Add a value to a list. As mgr_config_set. */
int mgr_config_add(struct mgr *m, const char *name, const char *key, const char *value, struct mgr_error *error);

/* --- files
 * ------------------------------------------------------------------------------------------------------------------ */

struct mgr_copy_options {
	size_t size;
	int stream;               /* descriptor that a path "-" stands for, read by a push and written by a pull */
	bool create;              /* make folders of the target's path that are missing */
	bool preserve;            /* owners by number, all of the mode, times, extended attributes */
	const char *user, *group; /* push: of whom what is made is; NULL: root, the user's own group */
	bool has_mode;            /* push: files get this mode */
	mode_t mode;
	void (*note)(const char *line, void *data); /* told what is left out; may be NULL */
	void *data;
};

/* Copy files and folders into a container and out of it, whether it runs or not: see mgr-push(1), mgr-pull(1). sources: NULL
 * at the end. Errors are those of what failed, which the message names; what had been copied whole by then stays. */
int mgr_push(struct mgr *m, const char *name, const char *const *sources, const char *target,
	     const struct mgr_copy_options *options, struct mgr_error *error);
int mgr_pull(struct mgr *m, const char *name, const char *const *sources, const char *target,
	     const struct mgr_copy_options *options, struct mgr_error *error);

#ifdef __cplusplus
}
#endif

#endif
