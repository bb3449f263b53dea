#include "internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#else
#include <sys/event.h>
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
        result = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value);
        if (result == 0) result = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, sizeof value);
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
    memcpy(arrival->path, from.sun_path, arrival->length);
    return count;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

int csk_status_of(const char *path, csk_status *status) {
    struct stat found;
    if (lstat(path, &found) < 0) return -errno;
    status->device = (uint64_t)found.st_dev;
    status->inode = (uint64_t)found.st_ino;
    status->mode = (uint32_t)found.st_mode & 07777;
    status->owner = (uint32_t)found.st_uid;
    status->is_socket = S_ISSOCK(found.st_mode);
    status->is_directory = S_ISDIR(found.st_mode);
    status->is_link = S_ISLNK(found.st_mode);
    return 0;
}

uint32_t csk_effective_user(void) { return (uint32_t)geteuid(); }

int csk_unix_bind_mode(int fd, const char *path, size_t length, uint32_t mode) {
#ifdef __linux__
    /* The kernel takes the file's mode from the socket, less the umask: no other thread ever sees a changed umask. */
    if (fchmod(fd, (mode_t)mode) < 0) return -errno;
    return csk_unix_bind(fd, path, length);
#else
    /* Here only the umask says so. It belongs to the whole process, so it is changed for this one call. */
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    mode_t old = umask((mode_t)(~mode & 0777));
    int result = csk_unix_bind(fd, path, length);
    umask(old);
    pthread_mutex_unlock(&one_at_a_time);
    return result;
#endif
}

int csk_make_directory(const char *path, uint32_t mode) { return mkdir(path, (mode_t)mode) < 0 ? -errno : 0; }
int csk_remove_directory(const char *path) { return rmdir(path) < 0 ? -errno : 0; }
int csk_unlink(const char *path) { return unlink(path) < 0 ? -errno : 0; }
int csk_rename(const char *from, const char *to) { return rename(from, to) < 0 ? -errno : 0; }
int csk_change_mode(const char *path, uint32_t mode) { return chmod(path, (mode_t)mode) < 0 ? -errno : 0; }
int csk_may_use(const char *path) { return access(path, R_OK | W_OK) < 0 ? -errno : 0; }

int csk_put_back(const char *from, const char *to) {
    if (link(from, to) < 0) return -errno; /* unlike rename, link never replaces */
    return unlink(from) < 0 ? -errno : 0;
}

int csk_lock(const char *path) {
    for (int tries = 0; tries < 100; tries++) {
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
        if (fd < 0) return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            int error = errno;
            close(fd);
            if (error == EINTR) continue;
            return -error;
        }
        /* The holder before us removes the file: make sure that ours is the one that stands there. */
        struct stat held, named;
        if (fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
            held.st_ino == named.st_ino)
            return fd;
        close(fd);
    }
    return -EWOULDBLOCK;
}

void csk_unlock(int fd, const char *path) {
    unlink(path);
    close(fd);
}

int csk_fresh_directory(char *template_, int suffix_length) {
    /* mkdtemp wants the X at the end: make it there, then add the suffix by renaming, which keeps mode and owner. */
    size_t length = strlen(template_);
    size_t bare = length - (size_t)suffix_length;
    char *work = malloc(length + 1);
    if (!work) return -ENOMEM;
    int result = -EEXIST;
    for (int tries = 0; tries < 100 && result == -EEXIST; tries++) {
        memcpy(work, template_, bare);
        work[bare] = 0;
        if (!mkdtemp(work)) {
            result = -errno;
            break;
        }
        memcpy(work + bare, template_ + bare, (size_t)suffix_length + 1);
        result = mkdir(work, 0700) < 0 ? -errno : 0;
        char kept = work[bare];
        work[bare] = 0;
        rmdir(work);
        work[bare] = kept;
    }
    if (result == 0) memcpy(template_, work, length + 1);
    free(work);
    return result;
}

static int put_text(const char *text, char *out, size_t room) {
    size_t length = strlen(text);
    if (length >= room) return -ENAMETOOLONG;
    memcpy(out, text, length + 1);
    return (int)length;
}

int csk_home(char *out, size_t room) {
    const char *home = getenv("HOME");
    if (home && *home) return put_text(home, out, room);
    char scratch[4096];
    struct passwd entry, *found = NULL;
    int error = getpwuid_r(getuid(), &entry, scratch, sizeof scratch, &found);
    if (error) return -error;
    if (!found || !found->pw_dir) return -ENOENT;
    return put_text(found->pw_dir, out, room);
}

int csk_temporary_head(char *out, size_t room) {
#ifdef __linux__
    static const char *const names[] = {"TMPDIR", "TEMP", "TMP"};
    for (int i = 0; i < 3; i++) {
        struct stat found;
        const char *head = getenv(names[i]);
        if (head && *head == '/' && stat(head, &found) == 0 && S_ISDIR(found.st_mode)) return put_text(head, out, room);
    }
#endif
    return put_text("/tmp", out, room);
}

int csk_working_directory(char *out, size_t room) {
    return getcwd(out, room) ? (int)strlen(out) : -errno;
}

void csk_error_text(int error, char *out, size_t room) {
#ifdef __GLIBC__
    const char *text = strerror_r(error, out, room);
    if (text != out) {
        strncpy(out, text, room - 1);
        out[room - 1] = 0;
    }
#else
    if (strerror_r(error, out, room) != 0) snprintf(out, room, "error %d", error);
#endif
}

/* ---- time, poller, kicks ------------------------------------------------------------------------------------ */

static const int64_t second = 1000000000;

int64_t csk_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * second + now.tv_nsec;
}

void csk_yield(void) { sched_yield(); }

int64_t csk_thread_cpu_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * second + now.tv_nsec;
}

static struct timespec to_timespec(int64_t nanoseconds) {
    struct timespec time = {(time_t)(nanoseconds / second), (long)(nanoseconds % second)};
    return time;
}

#ifdef __linux__

int csk_poller_open(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int csk_poller_set(int poller, int fd, uint64_t token, int flags) {
    struct epoll_event event = {.events = 0, .data = {.u64 = token}};
    if (flags & CSK_READABLE) event.events |= EPOLLIN;
    if (flags & CSK_WRITABLE) event.events |= EPOLLOUT | EPOLLET;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0) return 1;
    if (errno != EEXIST) return -errno;
    return epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

int csk_poller_remove(int poller, int fd) {
    struct epoll_event ignored = {.events = 0};
    return epoll_ctl(poller, EPOLL_CTL_DEL, fd, &ignored) < 0 ? -errno : 0;
}

/* Kernels before 5.11 have no epoll_pwait2: poll(2) the poller with the same precision, then look what there is. */
static int wait_precisely(int poller, struct epoll_event *events, int max, int64_t timeout) {
    static atomic_int lacks_pwait2;
    if (timeout <= 0) return epoll_wait(poller, events, max, timeout < 0 ? -1 : 0);
    struct timespec time = to_timespec(timeout);
#ifdef SYS_epoll_pwait2
    if (!atomic_load_explicit(&lacks_pwait2, memory_order_relaxed)) {
        int count = (int)syscall(SYS_epoll_pwait2, poller, events, max, &time, NULL, (size_t)0);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        atomic_store_explicit(&lacks_pwait2, 1, memory_order_relaxed);
    }
#endif
    struct pollfd one = {poller, POLLIN, 0};
    int ready = ppoll(&one, 1, &time, NULL);
    return ready > 0 ? epoll_wait(poller, events, max, 0) : ready;
}

int csk_poller_wait(int poller, csk_event *events, int max, int64_t timeout) {
    struct epoll_event found[256];
    if (max > 256) max = 256;
    int count = wait_precisely(poller, found, max, timeout);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        uint32_t bits = found[i].events;
        events[i].token = found[i].data.u64;
        events[i].fd = -1;
        events[i].flags = 0;
        if (bits & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) events[i].flags |= CSK_READABLE;
        if (bits & (EPOLLOUT | EPOLLERR | EPOLLHUP)) events[i].flags |= CSK_WRITABLE;
    }
    return count;
}

#else

int csk_poller_open(void) {
    int fd = kqueue();
    if (fd < 0) return -errno;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int csk_poller_set(int poller, int fd, uint64_t token, int flags) {
    struct kevent change;
    void *data = (void *)(uintptr_t)token;
    uint16_t edge = flags & CSK_WRITABLE ? EV_CLEAR : 0;
    EV_SET(&change, (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    int is_new = kevent(poller, &change, 1, NULL, 0, NULL) < 0;
    EV_SET(&change, (uintptr_t)fd, EVFILT_READ, (uint16_t)(EV_ADD | edge), 0, 0, data);
    if (kevent(poller, &change, 1, NULL, 0, NULL) < 0) return -errno;
    EV_SET(&change, (uintptr_t)fd, EVFILT_WRITE, (uint16_t)(edge ? EV_ADD | EV_CLEAR : EV_DELETE), 0, 0, data);
    if (kevent(poller, &change, 1, NULL, 0, NULL) < 0 && edge) return -errno;
    return is_new;
}

int csk_poller_remove(int poller, int fd) {
    struct kevent change;
    EV_SET(&change, (uintptr_t)fd, EVFILT_WRITE, EV_DELETE, 0, 0, NULL);
    kevent(poller, &change, 1, NULL, 0, NULL);
    EV_SET(&change, (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    return kevent(poller, &change, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

int csk_poller_wait(int poller, csk_event *events, int max, int64_t timeout) {
    struct kevent found[256];
    if (max > 256) max = 256;
    struct timespec time = to_timespec(timeout > 0 ? timeout : 0);
    int count = kevent(poller, NULL, 0, found, max, timeout < 0 ? NULL : &time);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        events[i].token = (uint64_t)(uintptr_t)found[i].udata;
        events[i].fd = (int)found[i].ident;
        events[i].flags = found[i].filter == EVFILT_WRITE ? CSK_WRITABLE : CSK_READABLE;
    }
    return count;
}

#endif

int csk_wait_readable(int fd, int other, int64_t timeout) {
    struct pollfd both[2] = {{fd, POLLIN, 0}, {other, POLLIN, 0}};
#ifdef __linux__
    struct timespec time = to_timespec(timeout > 0 ? timeout : 0);
    int count = ppoll(both, 2, timeout < 0 ? NULL : &time, NULL);
#else
    int64_t milliseconds = timeout < 0 ? -1 : (timeout + 999999) / 1000000;
    int count = poll(both, 2, milliseconds > 86400000 ? 86400000 : (int)milliseconds);
#endif
    if (count < 0) return -errno;
    return (both[0].revents ? 1 : 0) | (both[1].revents ? 2 : 0);
}

int csk_kicker_open(csk_kicker *kicker) {
#ifdef __linux__
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) return -errno;
    kicker->read_end = kicker->write_end = fd;
    return 0;
#else
    int ends[2];
    if (pipe(ends) < 0) return -errno;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    kicker->read_end = ends[0];
    kicker->write_end = ends[1];
    return 0;
#endif
}

void csk_kicker_close(csk_kicker *kicker) {
    if (kicker->write_end != kicker->read_end) close(kicker->write_end);
    if (kicker->read_end >= 0) close(kicker->read_end);
    kicker->read_end = kicker->write_end = -1;
}

void csk_kick(int write_end) {
    int kept = errno;
    uint64_t one = 1; /* eventfd takes eight bytes; to a pipe they are as good as one */
    ssize_t ignored;
    do ignored = write(write_end, &one, sizeof one);
    while (ignored < 0 && errno == EINTR);
    errno = kept; /* EAGAIN: it is readable already */
}

void csk_kicker_drain(int read_end) {
    char sink[256];
    ssize_t count;
    do count = read(read_end, sink, sizeof sink);
    while (count == (ssize_t)sizeof sink || (count < 0 && errno == EINTR));
}

/* ---- signals ------------------------------------------------------------------------------------------------ */

typedef struct claim {
    atomic_int wanted;    /* CSK_… bits; 0: the slot is free */
    atomic_int write_end; /* what to kick */
    atomic_int seen;
    pthread_t claimer;
    int unblocked; /* CSK_… bits that the claimer's thread had blocked */
} claim;

static claim claims[CSK_SIGNAL_SLOTS];
static pthread_mutex_t claims_mutex = PTHREAD_MUTEX_INITIALIZER; /* never taken by the handler */
static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[3];
static int holders[3];
static atomic_int running; /* handlers at work: a release waits for them, lest they kick a descriptor closed since */

static void on_signal(int number) {
    int bit = 0;
    atomic_fetch_add(&running, 1);
    for (int i = 0; i < 3; i++)
        if (numbers[i] == number) bit = 1 << i;
    for (int i = 0; i < CSK_SIGNAL_SLOTS; i++) {
        if (!(atomic_load(&claims[i].wanted) & bit)) continue;
        atomic_fetch_or(&claims[i].seen, bit);
        csk_kick(atomic_load(&claims[i].write_end));
    }
    atomic_fetch_sub(&running, 1);
}

static void install(int i) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(numbers[i], &action, &before[i]);
}

static void restore(int i) {
    struct sigaction now;
    /* If somebody else has put a handler over ours, it is not ours to take away. */
    if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == on_signal) sigaction(numbers[i], &before[i], NULL);
}

/* A process that is started by a thread which blocks signals, as the workers of Dispatch do, inherits the mask: what is
 * asked for must come through all the same. Returns the bits that were blocked. */
static int unblock(int signals) {
    sigset_t wanted, old;
    int were = 0;
    sigemptyset(&wanted);
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i) sigaddset(&wanted, numbers[i]);
    if (pthread_sigmask(SIG_UNBLOCK, &wanted, &old)) return 0;
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i && sigismember(&old, numbers[i]) == 1) were |= 1 << i;
    return were;
}

static void block(int signals) {
    sigset_t again;
    sigemptyset(&again);
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i) sigaddset(&again, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &again, NULL);
}

int csk_signals_claim(int signals, int write_end) {
    int slot = -EAGAIN;
    pthread_mutex_lock(&claims_mutex);
    for (int i = 0; i < CSK_SIGNAL_SLOTS && slot < 0; i++)
        if (!atomic_load(&claims[i].wanted)) slot = i;
    if (slot >= 0) {
        atomic_store(&claims[slot].seen, 0);
        atomic_store(&claims[slot].write_end, write_end);
        atomic_store(&claims[slot].wanted, signals & 7);
        for (int i = 0; i < 3; i++)
            if (signals & 1 << i && holders[i]++ == 0) install(i);
        claims[slot].claimer = pthread_self();
        claims[slot].unblocked = unblock(signals & 7);
    }
    pthread_mutex_unlock(&claims_mutex);
    return slot;
}

void csk_signals_release(int slot) {
    if (slot < 0 || slot >= CSK_SIGNAL_SLOTS) return;
    pthread_mutex_lock(&claims_mutex);
    int signals = atomic_exchange(&claims[slot].wanted, 0);
    if (pthread_equal(claims[slot].claimer, pthread_self())) block(claims[slot].unblocked);
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i && --holders[i] == 0) restore(i);
    while (atomic_load(&running)) sched_yield();
    pthread_mutex_unlock(&claims_mutex);
}

int csk_signals_seen(int slot) {
    return slot < 0 || slot >= CSK_SIGNAL_SLOTS ? 0 : atomic_load(&claims[slot].seen);
}

/* ---- threads ------------------------------------------------------------------------------------------------ */

struct csk_thread {
    pthread_t thread;
    void (*body)(void *);
    void *context;
};

static void *run_thread(void *raw) {
    csk_thread *thread = raw;
    thread->body(thread->context);
    return NULL;
}

csk_thread *csk_thread_start(void (*body)(void *), void *context, int *error) {
    csk_thread *thread = malloc(sizeof *thread);
    if (!thread) {
        *error = ENOMEM;
        return NULL;
    }
    thread->body = body;
    thread->context = context;
    /* Signals belong to the threads that expect them. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    *error = pthread_create(&thread->thread, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (*error) {
        free(thread);
        return NULL;
    }
    return thread;
}

void csk_thread_join(csk_thread *thread) {
    pthread_join(thread->thread, NULL);
    free(thread);
}
