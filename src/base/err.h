/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong, in a plain struct on the caller's stack: a forked child can send it whole.
 *
 * A function returns 0 or more, or -errno, and fills its struct err on failure. The library never prints and never
 * exits; the command prints one line, once. Messages are lower case, quote names and have no full stop. */
#ifndef MGR_BASE_ERR_H
#define MGR_BASE_ERR_H

struct err {
	int code;      /* errno value, > 0; 0 while nothing has failed */
	char msg[508]; /* one line, no newline, cut when longer */
};

/* Each returns -code, so that a caller can write `return err_set(err, EINVAL, "...")`. err may be NULL: then only the code
 * counts. */

/* Set the message as formatted. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Set the message as formatted, followed by ": " and what the system calls the error number. */
int err_sys(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put the formatted text and ": " before what is already there; returns -err->code (-EIO when err is NULL or holds nothing).
 */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Memory ran out: -ENOMEM with its message. */
int err_nomem(struct err *err);

/* Forget what is there. */
void err_clear(struct err *err);

#endif
