/* The monotonic clock, the poller, and kicks from other threads. */
#include "internal.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#else
#include <sys/event.h>
#endif

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
