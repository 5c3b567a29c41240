/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors between processes: messages with descriptors over SEQPACKET sockets. */
#ifndef MGR_BASE_FD_H
#define MGR_BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define FD_MAX_PASSED 24

/* Send one packet, with n descriptors (not consumed). 0 or -errno; -EAGAIN when the socket is non-blocking and full. Never
 * raises SIGPIPE. */
int fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t n);

/* Receive one packet of at most size bytes, close-on-exec descriptors into fds (room for max; more are closed). Returns the
 * length (0: the peer is gone), -EMSGSIZE when the packet was longer (what came along is closed), or -errno. */
ssize_t fd_recv(int sock, void *bytes, size_t size, int *fds, size_t max, size_t *ret_n);

/* Wait until fd has one of the poll events. 0, -ETIMEDOUT or -errno. */
int fd_wait(int fd, short events, uint64_t deadline);

/* Put something in the place of each standard descriptor that is closed, so that nothing else is opened there by chance and
 * taken for it. Reading from it or writing to it fails, as it would have. Before anything else is opened. */
void fd_fill_stdio(void);

int fd_set_nonblock(int fd);
/* Clear close-on-exec, for a descriptor that an exec must keep. */
int fd_keep(int fd);

/* This process's /proc/self/fd, for fd_reopen: before it enters namespaces where /proc is another's. The fd or -errno. */
int fd_self(struct err *err);
/* Open what an O_PATH descriptor stands for: that very object, whatever has its name by now. The fd or -errno. */
int fd_reopen(int self, int fd, int flags);

/* A memfd with these bytes, sealed against any change, position 0. Returns it or -errno. */
int fd_sealed(const char *name, const void *bytes, size_t n, struct err *err);
/* The same of the program at `path`, to be executed: who comes to it through /proc/PID/exe has nothing that can be changed.
 */
int fd_sealed_program(const char *name, const char *path, struct err *err);
/* The n bytes of a sealed memfd, to be read (munmap(2) gives them back). NULL: it has fewer, or can be changed. */
void *fd_map_sealed(int fd, size_t n);

#endif
