#include "internal.h"

#include "cstreams.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef MSG_NOSIGNAL
#define QUIETLY MSG_NOSIGNAL
#else
#define QUIETLY 0 /* Darwin: SO_NOSIGPIPE is set on every socket instead */
#endif

static int domain_of(int family) {
    switch (family) {
    case CSK_IP4: return AF_INET;
    case CSK_IP6: return AF_INET6;
    case CSK_UNIX: return AF_UNIX;
    default: return -1;
    }
}

#ifndef __linux__
/* Closes a socket that could not be made what it has to be. */
static int give_up(int fd) {
    int error = errno;
    close(fd);
    return -error;
}

static int without_signal(int fd) {
    int one = 1;
    return setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one) < 0 ? give_up(fd) : fd;
}
#endif

int csk_stream_socket(int family) {
    int domain = domain_of(family);
    if (domain < 0) return -EAFNOSUPPORT;
    int fd = csk_quiet_socket(domain, SOCK_STREAM);
#ifndef __linux__
    if (fd >= 0) fd = without_signal(fd);
#endif
    return fd;
}

static int keep_alive(int fd, int seconds) {
    int on = seconds > 0;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0) return -errno;
    if (!on) return 0;
#ifdef __linux__
    int idle = TCP_KEEPIDLE;
#else
    int idle = TCP_KEEPALIVE;
#endif
    int between = seconds < 4 ? 1 : seconds / 4, times = 4;
    if (setsockopt(fd, IPPROTO_TCP, idle, &seconds, sizeof seconds) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times) < 0)
        return -errno;
    return 0;
}

int csk_stream_set(int fd, int option, int value) {
    int result;
    switch (option) {
    case CSK_NO_DELAY: result = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value); break;
    case CSK_KEEP_ALIVE: return keep_alive(fd, value);
    case CSK_REUSE_ADDRESS: result = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value); break;
    case CSK_RESET_ON_CLOSE: {
        struct linger at_once = {value != 0, 0};
        result = setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        break;
    }
    default: return -EINVAL;
    }
    return result < 0 ? -errno : 0;
}

int csk_listen(int fd, int backlog) { return listen(fd, backlog) < 0 ? -errno : 0; }

int csk_accept(int fd, csk_address *from) {
    any_address address;
    socklen_t length = sizeof address;
#ifdef __linux__
    int made = accept4(fd, &address.plain, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (made < 0) return -errno;
#else
    int made = accept(fd, &address.plain, &length);
    if (made < 0) return -errno;
    if (fcntl(made, F_SETFL, O_NONBLOCK) < 0 || fcntl(made, F_SETFD, FD_CLOEXEC) < 0) return give_up(made);
    made = without_signal(made); /* -EINVAL if the peer has reset it already */
    if (made < 0) return made == -EINVAL ? -ECONNABORTED : made;
#endif
    *from = csk_from_system(&address, length);
    return made;
}

int csk_connect(int fd, int family, const csk_address *to) {
    any_address address;
    socklen_t length = csk_to_system(family, to, &address);
    if (!length) return -EAFNOSUPPORT;
    return connect(fd, &address.plain, length) < 0 ? -errno : 0;
}

int csk_unix_connect(int fd, const char *path, size_t length) {
    struct sockaddr_un address;
    socklen_t all = csk_to_path(path, length, &address);
    if (!all) return -ENAMETOOLONG;
    return connect(fd, (struct sockaddr *)&address, all) < 0 ? -errno : 0;
}

static int pending_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return -errno;
    return -error;
}

int csk_connected(int fd) {
    any_address here, there;
    socklen_t here_length = sizeof here, there_length = sizeof there;
    memset(&here, 0, sizeof here);
    memset(&there, 0, sizeof there);
    int error = pending_error(fd);
    if (error < 0) return error;
    if (getpeername(fd, &there.plain, &there_length) < 0) return errno == ENOTCONN ? 0 : -errno;
    if (there.plain.sa_family == AF_UNIX || getsockname(fd, &here.plain, &here_length) < 0) return 1;
    /* With no listener, a port of our own choosing may be the one that we call: TCP then connects to itself. */
    int is_self = here_length == there_length && memcmp(&here, &there, here_length) == 0;
    return is_self ? -ECONNREFUSED : 1;
}

long csk_read(int fd, void *room, size_t capacity) {
    ssize_t count = recv(fd, room, capacity, MSG_DONTWAIT);
    return count < 0 ? -errno : count;
}

long csk_write(int fd, const void *bytes, size_t count) {
    ssize_t taken = send(fd, bytes, count, MSG_DONTWAIT | QUIETLY);
    return taken < 0 ? -errno : taken;
}

int csk_shut(int fd) { return shutdown(fd, SHUT_WR) < 0 ? -errno : 0; }

/* ---- console ------------------------------------------------------------------------------------------------ */

int csk_console_open(int fd) {
    struct stat found;
    if (fstat(fd, &found) < 0) return -errno;
    if (!S_ISFIFO(found.st_mode) && !isatty(fd)) return -ENOTSUP; /* a file of its own would begin at the beginning */
    char path[1024];
#ifdef __linux__
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
#else
    int error = S_ISFIFO(found.st_mode) ? ENOTSUP : ttyname_r(fd, path, sizeof path);
    if (error) return -error;
#endif
    int own = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return own < 0 ? -errno : own;
}

long csk_console_read(int fd, void *room, size_t capacity) {
    struct pollfd one = {fd, POLLIN, 0};
    int ready = poll(&one, 1, 0);
    if (ready < 0) return -errno;
    if (ready == 0) return -EAGAIN;
    if (one.revents & POLLNVAL) return -EBADF;
    ssize_t count = read(fd, room, capacity);
    return count < 0 ? -errno : count;
}

int csk_is_terminal(int fd) { return isatty(fd); }
