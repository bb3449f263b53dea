/* Byte streams: TCP over IPv4 and IPv6, and Unix stream sockets.
 *
 * As in csockets.h every call returns a count or a descriptor, or the negated error number; none restarts by itself
 * when a signal interrupts it, and none raises SIGPIPE. */
#pragma once
#include "csockets.h"

enum {
    CSK_NO_DELAY,      /* small writes leave at once (TCP_NODELAY); Unix sockets always do so */
    CSK_KEEP_ALIVE,    /* seconds of silence before the peer is asked whether it lives; 0: never */
    CSK_REUSE_ADDRESS, /* a listener may bind while connections of an earlier one still fade out */
    CSK_RESET_ON_CLOSE /* close sends a reset and drops what was not sent */
};

/* A non-blocking stream socket that is closed on exec; `family` is CSK_IP4, CSK_IP6 or CSK_UNIX. */
int csk_stream_socket(int family);
int csk_stream_set(int fd, int option, int value);
int csk_listen(int fd, int backlog);
/* The next connection, non-blocking and closed on exec. `from` has tag 0 if the peer has no internet address. */
int csk_accept(int fd, csk_address *from);
/* 0: connected. -EINPROGRESS: when it is writable, csk_connected tells. */
int csk_connect(int fd, int family, const csk_address *to);
/* 0 or an error at once; -EAGAIN when the listener's queue is full. */
int csk_unix_connect(int fd, const char *path, size_t length);
/* What became of a connect: 1, connected; 0, not yet; or the error, which is then forgotten. */
int csk_connected(int fd);
/* Bytes read; 0: the other end has sent its last. */
long csk_read(int fd, void *room, size_t capacity);
/* Bytes taken, at least one if `count` is. */
long csk_write(int fd, const void *bytes, size_t count);
/* No more will be written: the other end reads to the end and sees it. */
int csk_shut(int fd);

/* ---- console ------------------------------------------------------------------------------------------------ */

/* The terminal or pipe behind `fd`, opened once more and non-blocking: the flags of `fd` itself belong to every process
 * that has it, and to its output too if both are one terminal. -ENOTSUP for other files and where it cannot be done. */
int csk_console_open(int fd);
/* Reads what is there, and never waits for more. 0: the end; -EAGAIN: nothing yet. */
long csk_console_read(int fd, void *room, size_t capacity);
/* 1 if `fd` is a terminal. */
int csk_is_terminal(int fd);
