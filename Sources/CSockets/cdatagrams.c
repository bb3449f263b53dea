/* Addresses, UDP and Unix datagrams. */
#include "internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

#ifdef __linux__
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#endif

/* ---- addresses ---------------------------------------------------------------------------------------------- */

static void put_words(uint8_t out[16], uint64_t hi, uint64_t lo) {
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(hi >> (56 - 8 * i));
        out[8 + i] = (uint8_t)(lo >> (56 - 8 * i));
    }
}

static uint64_t get_word(const uint8_t *in) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word = word << 8 | in[i];
    return word;
}

socklen_t csk_to_system(int family, const csk_address *from, any_address *out) {
    int own = (int)(from->tag >> 48);
    uint16_t port = htons((uint16_t)(from->tag >> 32));
    if (family == CSK_IP4 && own == CSK_IP4) {
        memset(&out->v4, 0, sizeof out->v4);
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = port;
        out->v4.sin_addr.s_addr = htonl((uint32_t)from->lo);
#ifndef __linux__
        out->v4.sin_len = sizeof out->v4;
#endif
        return sizeof out->v4;
    }
    if (family != CSK_IP6 || (own != CSK_IP4 && own != CSK_IP6)) return 0;
    memset(&out->v6, 0, sizeof out->v6);
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = port;
    if (own == CSK_IP4) {
        put_words(out->v6.sin6_addr.s6_addr, 0, 0xFFFF00000000u | (from->lo & 0xFFFFFFFFu));
    } else {
        put_words(out->v6.sin6_addr.s6_addr, from->hi, from->lo);
        out->v6.sin6_scope_id = (uint32_t)from->tag;
    }
#ifndef __linux__
    out->v6.sin6_len = sizeof out->v6;
#endif
    return sizeof out->v6;
}

csk_address csk_from_system(const any_address *in, socklen_t length) {
    csk_address none = {0, 0, 0};
    if (length >= sizeof in->v4 && in->plain.sa_family == AF_INET) {
        uint64_t port = ntohs(in->v4.sin_port);
        return (csk_address){(uint64_t)CSK_IP4 << 48 | port << 32, 0, ntohl(in->v4.sin_addr.s_addr)};
    }
    if (length < sizeof in->v6 || in->plain.sa_family != AF_INET6) return none;
    uint64_t port = ntohs(in->v6.sin6_port);
    uint64_t hi = get_word(in->v6.sin6_addr.s6_addr), lo = get_word(in->v6.sin6_addr.s6_addr + 8);
    if (hi == 0 && lo >> 32 == 0xFFFF) {
        return (csk_address){(uint64_t)CSK_IP4 << 48 | port << 32, 0, lo & 0xFFFFFFFFu};
    }
    return (csk_address){(uint64_t)CSK_IP6 << 48 | port << 32 | in->v6.sin6_scope_id, hi, lo};
}

int csk_resolve(const char *name, uint16_t port, csk_address *out, int max) {
    struct addrinfo hints, *list = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_protocol = IPPROTO_UDP;
    char digits[8];
    snprintf(digits, sizeof digits, "%u", port);
    int error = getaddrinfo(name, digits, &hints, &list);
    if (error) return error < 0 ? error : -error;
    int count = 0;
    for (struct addrinfo *at = list; at && count < max; at = at->ai_next) {
        any_address address;
        if (at->ai_addrlen > sizeof address) continue;
        memcpy(&address, at->ai_addr, at->ai_addrlen);
        csk_address found = csk_from_system(&address, at->ai_addrlen);
        if (found.tag) out[count++] = found;
    }
    freeaddrinfo(list);
    return count;
}

const char *csk_resolve_text(int error) {
    return gai_strerror(EAI_NONAME < 0 ? error : -error);
}

/* ---- UDP ---------------------------------------------------------------------------------------------------- */

int csk_quiet_socket(int domain, int type) {
#ifdef __linux__
    int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
#else
    int fd = socket(domain, type, 0);
    if (fd < 0) return -errno;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
#endif
}

int csk_udp_socket(int family) { return csk_quiet_socket(family == CSK_IP6 ? AF_INET6 : AF_INET, SOCK_DGRAM); }

int csk_set(int fd, int option, int value) {
    int result = -1;
    switch (option) {
    case CSK_BROADCAST: result = setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &value, sizeof value); break;
    case CSK_SHARE_PORT:
        /* Not SO_REUSEADDR: on Linux that shares a UDP port with any other user, too. */
        result = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, sizeof value);
        break;
    case CSK_V6ONLY: result = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof value); break;
    case CSK_SEND_BUFFER: result = setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof value); break;
    case CSK_RECEIVE_BUFFER: result = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value); break;
    case CSK_JOINS_TRAINS:
#ifdef __linux__
        result = setsockopt(fd, SOL_UDP, UDP_GRO, &value, sizeof value);
        break;
#else
        return -ENOPROTOOPT;
#endif
    default: return -EINVAL;
    }
    return result < 0 ? -errno : 0;
}

int csk_get(int fd, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    int name = option == CSK_SEND_BUFFER ? SO_SNDBUF : SO_RCVBUF;
    return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -errno : value;
}

int csk_bind(int fd, int family, const csk_address *address) {
    any_address to;
    socklen_t length = csk_to_system(family, address, &to);
    if (!length) return -EAFNOSUPPORT;
    return bind(fd, &to.plain, length) < 0 ? -errno : 0;
}

int csk_name(int fd, csk_address *address) {
    any_address name;
    socklen_t length = sizeof name;
    if (getsockname(fd, &name.plain, &length) < 0) return -errno;
    *address = csk_from_system(&name, length);
    return 0;
}

int csk_close(int fd) { return close(fd) < 0 ? -errno : 0; }

int csk_renumber(int fd, int avoid) {
    if (fd != avoid) return fd;
    int other = fcntl(fd, F_DUPFD_CLOEXEC, avoid + 1);
    int error = errno;
    close(fd);
    return other < 0 ? -error : other;
}

int csk_splits_trains(int fd) {
#ifdef __linux__
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &length) == 0;
#else
    (void)fd;
    return 0;
#endif
}

long csk_send(int fd, int family, const csk_address *to, const void *bytes, size_t count) {
    any_address address;
    socklen_t length = csk_to_system(family, to, &address);
    if (!length) return -EAFNOSUPPORT;
    ssize_t sent = sendto(fd, bytes, count, MSG_DONTWAIT, &address.plain, length);
    return sent < 0 ? -errno : sent;
}

long csk_send_train(int fd, int family, const csk_address *to, const void *bytes, size_t count, size_t segment) {
#ifdef __linux__
    any_address address;
    socklen_t length = csk_to_system(family, to, &address);
    if (!length) return -EAFNOSUPPORT;
    struct iovec part = {(void *)(uintptr_t)bytes, count};
    union {
        char room[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {&address, length, &part, 1, control.room, sizeof control.room, 0};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    uint16_t size = (uint16_t)segment;
    head->cmsg_level = SOL_UDP;
    head->cmsg_type = UDP_SEGMENT;
    head->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(head), &size, sizeof size);
    ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT);
    return sent < 0 ? -errno : sent;
#else
    (void)fd, (void)family, (void)to, (void)bytes, (void)count, (void)segment;
    return -ENOPROTOOPT;
#endif
}

long csk_receive(int fd, void *room, size_t capacity, csk_arrival *arrival) {
    any_address from;
    struct iovec part = {room, capacity};
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {&from, sizeof from, &part, 1, control.room, sizeof control.room, 0};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0) return -errno;
    arrival->from = csk_from_system(&from, message.msg_namelen);
    arrival->segment = (size_t)count;
    arrival->truncated = (message.msg_flags & MSG_TRUNC) != 0;
#ifdef __linux__
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level != SOL_UDP || at->cmsg_type != UDP_GRO) continue;
        int segment = 0;
        memcpy(&segment, CMSG_DATA(at), sizeof segment);
        if (segment > 0 && segment < count) arrival->segment = (size_t)segment;
    }
#endif
    return count;
}

long csk_receive_one(int fd, void *room, size_t capacity, csk_arrival *arrival) {
#ifdef __linux__
    /* Cheaper than recvmsg by its message header; MSG_TRUNC makes it tell the datagram's own length. */
    any_address from;
    socklen_t length = sizeof from;
    ssize_t count = recvfrom(fd, room, capacity, MSG_DONTWAIT | MSG_TRUNC, &from.plain, &length);
    if (count < 0) return -errno;
    arrival->from = csk_from_system(&from, length);
    arrival->truncated = (size_t)count > capacity;
    if (arrival->truncated) count = (ssize_t)capacity;
    arrival->segment = (size_t)count;
    return count;
#else
    return csk_receive(fd, room, capacity, arrival);
#endif
}

/* ---- Unix datagrams ----------------------------------------------------------------------------------------- */

socklen_t csk_to_path(const char *path, size_t length, struct sockaddr_un *out) {
    if (length == 0 || length >= sizeof out->sun_path) return 0;
    out->sun_family = AF_UNIX;
    memcpy(out->sun_path, path, length);
    out->sun_path[length] = 0;
    socklen_t all = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
#ifndef __linux__
    out->sun_len = (uint8_t)all;
#endif
    return all;
}

int csk_path_limit(void) {
    struct sockaddr_un address;
    return (int)sizeof address.sun_path - 1;
}

int csk_unix_socket(void) { return csk_quiet_socket(AF_UNIX, SOCK_DGRAM); }

int csk_unix_bind(int fd, const char *path, size_t length) {
    struct sockaddr_un address;
    socklen_t all = csk_to_path(path, length, &address);
    if (!all) return -ENAMETOOLONG;
    return bind(fd, (struct sockaddr *)&address, all) < 0 ? -errno : 0;
}

int csk_unix_probe(const char *path, size_t length) {
    struct sockaddr_un address;
    socklen_t all = csk_to_path(path, length, &address);
    if (!all) return -ENAMETOOLONG;
    int fd = csk_unix_socket();
    if (fd < 0) return fd;
    int result;
    do result = connect(fd, (struct sockaddr *)&address, all) < 0 ? -errno : 0;
    while (result == -EINTR);
    close(fd);
    return result;
}

#ifdef __linux__
int csk_rooms_open(void) {
    int rooms = epoll_create1(EPOLL_CLOEXEC);
    return rooms < 0 ? -errno : rooms;
}

/* Told once each time: a peer that takes one datagram and is full again must not turn the loop in between. */
static int watch_room(int rooms, int how, int probe) {
    struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.fd = probe};
    return epoll_ctl(rooms, how, probe, &event) < 0 ? -errno : 0;
}

int csk_rooms_add(int rooms, const char *path, size_t length) {
    struct sockaddr_un address;
    socklen_t all = csk_to_path(path, length, &address);
    if (!all) return -ENAMETOOLONG;
    int probe = csk_unix_socket();
    if (probe < 0) return probe;
    int result;
    do result = connect(probe, (struct sockaddr *)&address, all) < 0 ? -errno : 0;
    while (result == -EINTR);
    if (result == 0) result = watch_room(rooms, EPOLL_CTL_ADD, probe);
    if (result == 0) return probe;
    close(probe);
    return result;
}

int csk_rooms_again(int rooms, int probe) { return watch_room(rooms, EPOLL_CTL_MOD, probe); }

void csk_rooms_clear(int rooms) {
    struct epoll_event events[16];
    while (epoll_wait(rooms, events, 16, 0) == 16) continue;
}
#else
int csk_rooms_open(void) { return -ENOSYS; }
int csk_rooms_add(int rooms, const char *path, size_t length) { return (void)rooms, (void)path, (void)length, -ENOSYS; }
int csk_rooms_again(int rooms, int probe) { return (void)rooms, (void)probe, -ENOSYS; }
void csk_rooms_clear(int rooms) { (void)rooms; }
#endif

long csk_unix_send(int fd, const char *path, size_t length, const void *bytes, size_t count) {
    struct sockaddr_un address;
    socklen_t all = csk_to_path(path, length, &address);
    if (!all) return -ENAMETOOLONG;
    ssize_t sent = sendto(fd, bytes, count, MSG_DONTWAIT, (struct sockaddr *)&address, all);
    return sent < 0 ? -errno : sent;
}

long csk_unix_receive(int fd, void *room, size_t capacity, csk_unix_arrival *arrival) {
    struct sockaddr_un from;
#ifdef __linux__
    socklen_t named = sizeof from;
    ssize_t count = recvfrom(fd, room, capacity, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &named);
    if (count < 0) return -errno;
    arrival->truncated = (size_t)count > capacity;
    if (arrival->truncated) count = (ssize_t)capacity;
#else
    struct iovec part = {room, capacity};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0) return -errno;
    arrival->truncated = (message.msg_flags & MSG_TRUNC) != 0;
    socklen_t named = message.msg_namelen;
#endif
    size_t head = offsetof(struct sockaddr_un, sun_path), all = named;
    size_t length = all > head ? all - head : 0;
    if (length > sizeof from.sun_path) length = sizeof from.sun_path;
    arrival->length = length ? strnlen(from.sun_path, length) : 0; /* an abstract name starts with NUL: length 0 */
    /* Linux binds a path that fills sun_path, with no room for its NUL, too: none that could be answered. */
    if (arrival->length == sizeof from.sun_path) arrival->length = 0;
    memcpy(arrival->path, from.sun_path, arrival->length);
    return count;
}
