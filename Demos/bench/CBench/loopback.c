#ifdef __linux__
#define _GNU_SOURCE
#include <sys/syscall.h>
#endif
#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

enum { BUFFER = 4 << 20 };

int lbc_same(const void *one, const void *two, long count) { return memcmp(one, two, (size_t)count) == 0; }

double lbc_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds_of(const struct rusage *usage) {
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
}

double lbc_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(&usage);
}

int lbc_fork(void) { return fork(); }

int lbc_process(void) { return getpid(); }

void lbc_leave(void) { _exit(0); }

double lbc_reap(int child) {
    struct rusage usage;
    int status;
    memset(&usage, 0, sizeof usage);
    while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {}
    return seconds_of(&usage);
}

int lbc_pin(int core) {
#ifdef __linux__
    unsigned long cores = 1ul << core;
    return syscall(SYS_sched_setaffinity, 0, sizeof cores, &cores) < 0 ? -1 : 0;
#else
    (void)core;
    return -1;
#endif
}

#ifdef __GLIBC__
/* Stands before the C library's allocator and counts, so that a row can show that it allocates nothing. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static long allocations;
void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
    allocations++;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}
long lbc_allocations(void) { return allocations; }
#else
long lbc_allocations(void) { return -1; }
#endif

/* ---- datagrams ---------------------------------------------------------------------------------------------- */

static int open_socket(int domain) {
    int fd = socket(domain, SOCK_DGRAM, 0), big = BUFFER;
    if (fd < 0) return fd;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
    return fd;
}

static int bind_loopback(int fd, struct sockaddr_in *name) {
    socklen_t length = sizeof *name;
    memset(name, 0, sizeof *name);
    name->sin_family = AF_INET;
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)name, length) < 0) return -1;
    return getsockname(fd, (struct sockaddr *)name, &length);
}

static void join_trains(int fd) {
#ifdef __linux__
    int one = 1;
    setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one);
#else
    (void)fd;
#endif
}

lbc_pair *lbc_open(int kind, int size) {
    lbc_pair *pair = calloc(1, sizeof *pair);
    int domain = kind == LBC_UNIX ? AF_UNIX : AF_INET;
    pair->size = size;
    pair->out = aligned_alloc(4096, 2 * ROOM); /* where pages lie shows in the figures */
    pair->in = aligned_alloc(4096, 2 * ROOM);
    for (int i = 0; i < 2 * ROOM; i++) pair->out[i] = (uint8_t)(i * 131);
    pair->payload = malloc((size_t)size);
    for (int i = 0; i < size; i++) pair->payload[i] = (uint8_t)(i * 131);
    pair->sender = open_socket(domain);
    pair->receiver = open_socket(domain);
    if (kind == LBC_UNIX) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        snprintf(pair->path, sizeof pair->path, "/tmp/tymist-c-%d.s", (int)getpid());
        for (int i = 0; i < 2; i++) {
            pair->path[strlen(pair->path) - 1] = i ? 'r' : 's';
            snprintf(name.sun_path, sizeof name.sun_path, "%s", pair->path);
            if (bind(i ? pair->receiver : pair->sender, (struct sockaddr *)&name, sizeof name) < 0) perror("bind");
        }
        memcpy(&pair->to, &name, sizeof name);
        pair->to_length = sizeof name;
        return pair;
    }
    struct sockaddr_in name;
    if (bind_loopback(pair->sender, &name) < 0 || bind_loopback(pair->receiver, &name) < 0) perror("bind");
    memcpy(&pair->to, &name, sizeof name);
    pair->to_length = sizeof name;
    if (kind == LBC_UDP_TRAINS) join_trains(pair->receiver);
    return pair;
}

void lbc_close(lbc_pair *pair) {
    close(pair->sender);
    close(pair->receiver);
    for (int i = 0; i < 2 && pair->path[0]; i++) {
        pair->path[strlen(pair->path) - 1] = i ? 'r' : 's';
        unlink(pair->path);
    }
    free(pair->out);
    free(pair->in);
    free(pair->payload);
    free(pair);
}

long lbc_singles(lbc_pair *pair, int burst) {
    long count = 0;
    struct sockaddr_storage from;
    for (int i = 0; i < burst; i++)
        if (sendto(pair->sender, pair->out, (size_t)pair->size, 0, (struct sockaddr *)&pair->to, pair->to_length) < 0)
            break;
    for (;;) {
        socklen_t length = sizeof from;
        if (recvfrom(pair->receiver, pair->in, ROOM, 0, (struct sockaddr *)&from, &length) < 0) return count;
        count++;
    }
}

#ifdef __linux__
long lbc_send_train(int fd, void *to, socklen_t to_length, struct iovec *parts, size_t count, uint16_t segment) {
    union {
        char room[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = {.room = {0}};
    struct msghdr message = {to, to_length, parts, count, control.room, sizeof control.room, 0};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_UDP;
    head->cmsg_type = UDP_SEGMENT;
    head->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(head), &segment, sizeof segment);
    return sendmsg(fd, &message, 0);
}

long lbc_receive_train(int fd, uint8_t *room, int *segment) {
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct sockaddr_storage from;
    struct iovec part = {room, ROOM};
    struct msghdr message = {&from, sizeof from, &part, 1, control.room, sizeof control.room, 0};
    long count = recvmsg(fd, &message, 0);
    *segment = (int)count;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); count > 0 && at; at = CMSG_NXTHDR(&message, at))
        if (at->cmsg_level == SOL_UDP && at->cmsg_type == UDP_GRO) memcpy(segment, CMSG_DATA(at), sizeof *segment);
    return count;
}
#endif

long lbc_trains(lbc_pair *pair, int trains, int segments, int fills) {
#ifdef __linux__
    long count = 0;
    size_t size = (size_t)pair->size;
    struct iovec part = {pair->out, (size_t)segments * size};
    for (int i = 0; i < trains; i++) {
        for (int at = 0; fills && at < segments; at++) memcpy(pair->out + (size_t)at * size, pair->payload, size);
        if (lbc_send_train(pair->sender, &pair->to, pair->to_length, &part, 1, (uint16_t)size) < 0) break;
    }
    for (;;) {
        int segment;
        long bytes = lbc_receive_train(pair->receiver, pair->in, &segment);
        if (bytes < 0) return count;
        count += (bytes + segment - 1) / segment;
    }
#else
    (void)fills;
    return lbc_singles(pair, trains * segments);
#endif
}

long lbc_round_trips(lbc_pair *pair, int count) {
    struct sockaddr_storage from;
    long back = 0;
    for (int i = 0; i < count; i++) {
        socklen_t length = sizeof from;
        sendto(pair->sender, pair->out, (size_t)pair->size, 0, (struct sockaddr *)&pair->to, pair->to_length);
        long got = recvfrom(pair->receiver, pair->in, ROOM, 0, (struct sockaddr *)&from, &length);
        if (got < 0) continue;
        sendto(pair->receiver, pair->in, (size_t)got, 0, (struct sockaddr *)&from, length);
        length = sizeof from;
        if (recvfrom(pair->sender, pair->in, ROOM, 0, (struct sockaddr *)&from, &length) >= 0) back++;
    }
    return back;
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

enum { HEAD = 32, SLOTS = 8192, IN_FLIGHT = 2048, TRAIN = 64, TRAIN_BYTES = 65000 };

typedef struct gram_head {
    uint32_t number, is_ack, offset, total;
    uint8_t rest[16];
} gram_head;

typedef struct sending_end {
    int fd;
    struct sockaddr_in to;
    uint8_t *slots;
    uint16_t lengths[SLOTS];
    uint32_t acked, next, end; /* numbers: acked <= next <= end <= acked + SLOTS */
    double heard;
} sending_end;

typedef struct receiving_end {
    int fd;
    struct sockaddr_in to;
    uint32_t expected;
    uint8_t *message;
    int have, owes_ack;
    long whole, bad;
} receiving_end;

struct lbc_messages {
    int size, gram;
    uint8_t *payload, *room;
    sending_end out;
    receiving_end in;
};

lbc_messages *lbc_messages_open(int size, int gram) {
    lbc_messages *both = calloc(1, sizeof *both);
    both->size = size;
    both->gram = gram;
    both->payload = malloc((size_t)size);
    for (int i = 0; i < size; i++) both->payload[i] = (uint8_t)(i * 131 + 3);
    both->room = malloc(ROOM);
    both->out.slots = malloc((size_t)SLOTS * (size_t)gram);
    both->in.message = malloc((size_t)size + ROOM);
    both->out.fd = open_socket(AF_INET);
    both->in.fd = open_socket(AF_INET);
    if (bind_loopback(both->out.fd, &both->in.to) < 0 || bind_loopback(both->in.fd, &both->out.to) < 0) perror("bind");
    join_trains(both->out.fd);
    join_trains(both->in.fd);
    return both;
}

void lbc_messages_close(lbc_messages *both) {
    close(both->out.fd);
    close(both->in.fd);
    free(both->payload);
    free(both->room);
    free(both->out.slots);
    free(both->in.message);
    free(both);
}

/* Cuts one message into grams; 0 if the window has no room for it. */
static int queue_message(lbc_messages *both) {
    sending_end *out = &both->out;
    int body = both->gram - HEAD, grams = (both->size + body - 1) / body;
    if (out->end - out->acked + (uint32_t)grams > SLOTS) return 0;
    for (int at = 0; at < both->size; at += body) {
        int length = both->size - at < body ? both->size - at : body;
        uint32_t slot = out->end % SLOTS;
        uint8_t *gram = out->slots + (size_t)slot * (size_t)both->gram;
        gram_head head = {out->end, 0, (uint32_t)at, (uint32_t)both->size, {0}};
        memcpy(gram, &head, HEAD);
        memcpy(gram + HEAD, both->payload + at, (size_t)length);
        out->lengths[slot] = (uint16_t)(length + HEAD);
        out->end++;
    }
    return 1;
}

static void send_grams(lbc_messages *both) {
    sending_end *out = &both->out;
    while (out->next != out->end && out->next - out->acked < IN_FLIGHT) {
        struct iovec parts[TRAIN];
        size_t count = 0, bytes = 0;
        uint32_t at = out->next;
        uint16_t segment = out->lengths[at % SLOTS], length = segment;
        /* Equal grams, and a shorter one at the end of the train. */
        while (count < TRAIN && at != out->end && at - out->acked < IN_FLIGHT && length == segment) {
            length = out->lengths[at % SLOTS];
            if (length > segment || bytes + length > TRAIN_BYTES) break;
            parts[count++] = (struct iovec){out->slots + (size_t)(at % SLOTS) * (size_t)both->gram, length};
            bytes += length;
            at++;
        }
#ifdef __linux__
        if (lbc_send_train(out->fd, &out->to, sizeof out->to, parts, count, segment) < 0) return;
#else
        for (size_t i = 0; i < count; i++)
            if (sendto(out->fd, parts[i].iov_base, parts[i].iov_len, 0, (void *)&out->to, sizeof out->to) < 0) return;
#endif
        out->next = at;
    }
}

static long receive_some(int fd, uint8_t *room, int *segment) {
#ifdef __linux__
    return lbc_receive_train(fd, room, segment);
#else
    long count = recv(fd, room, ROOM, 0);
    *segment = (int)count;
    return count;
#endif
}

static void take_gram(lbc_messages *both, const uint8_t *gram, int length) {
    receiving_end *in = &both->in;
    gram_head head;
    if (length < HEAD) return;
    memcpy(&head, gram, HEAD);
    in->owes_ack = 1;
    if (head.number != in->expected) return;
    in->expected++;
    const uint8_t *message = gram + HEAD;
    if (head.total != (uint32_t)(length - HEAD)) {
        memcpy(in->message + head.offset, gram + HEAD, (size_t)(length - HEAD));
        in->have += length - HEAD;
        if (in->have < both->size) return;
        in->have = 0;
        message = in->message;
    }
    if (message[both->size - 1] != both->payload[both->size - 1]) in->bad++;
    in->whole++;
}

static void take_all(lbc_messages *both) {
    long bytes;
    int segment;
    while ((bytes = receive_some(both->in.fd, both->room, &segment)) > 0)
        for (long at = 0; at < bytes; at += segment)
            take_gram(both, both->room + at, (int)(bytes - at < segment ? bytes - at : segment));
    if (!both->in.owes_ack) return;
    gram_head ack = {both->in.expected, 1, 0, 0, {0}};
    sendto(both->in.fd, &ack, HEAD, 0, (struct sockaddr *)&both->in.to, sizeof both->in.to);
    both->in.owes_ack = 0;
}

static void take_acks(lbc_messages *both) {
    sending_end *out = &both->out;
    long bytes;
    int segment;
    while ((bytes = receive_some(out->fd, both->room, &segment)) >= HEAD) {
        gram_head ack;
        for (long at = 0; at + HEAD <= bytes; at += segment) {
            memcpy(&ack, both->room + at, HEAD);
            if ((int32_t)(ack.number - out->acked) <= 0) continue;
            out->acked = ack.number;
            if ((int32_t)(out->next - out->acked) < 0) out->next = out->acked;
            out->heard = lbc_now();
        }
    }
    if (out->acked != out->next && lbc_now() - out->heard > 0.02) {
        out->next = out->acked;
        out->heard = lbc_now();
    }
}

long lbc_messages_run(lbc_messages *both, long count, double seconds, long *bad) {
    double start = lbc_now();
    long queued = 0, before = both->in.whole;
    both->out.heard = start;
    while (both->in.whole - before < count && lbc_now() - start < seconds) {
        for (int i = 0; i < 64 && queued < count && queue_message(both); i++) queued++;
        send_grams(both);
        take_all(both);
        take_acks(both);
    }
    *bad = both->in.bad;
    return both->in.whole - before;
}
