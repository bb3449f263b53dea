#include "streams.h"

#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_HEAD = 5, ECHO_ROOM = 4 << 20, LOAD_ROOM = 4 << 20, BATCH = 256 << 10 };

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static uint32_t length_at(const uint8_t *at) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return ntohl(word);
}

/* Bytes of a head. */
static size_t head_of(int framing) { return framing == LBC_LENGTH_TYPE ? 5 : 4; }

/* Bytes of the frame whose head lies at `at`; 0 if there is no such frame. */
static size_t frame_at(const uint8_t *at, int framing) {
    uint32_t length = length_at(at);
    if (length > ECHO_ROOM - MOST_HEAD) return 0;
    if (framing == LBC_LENGTH_TYPE) return length < 5 ? 0 : length;
    return 4 + (size_t)length;
}

int lbc_listen(int *port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static int write_all(int fd, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t taken = write(fd, bytes, count);
        if (taken < 0 && errno == EINTR) continue;
        if (taken <= 0) return -1;
        bytes += taken;
        count -= (size_t)taken;
    }
    return 0;
}

static int read_all(int fd, uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t got = read(fd, bytes, count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        bytes += got;
        count -= (size_t)got;
    }
    return 0;
}

static void echo_one(int fd, int framing, uint8_t *room) {
    size_t have = 0, head = head_of(framing);
    for (;;) {
        ssize_t count = read(fd, room + have, ECHO_ROOM - have);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        have += (size_t)count;
        size_t whole = 0;
        while (have - whole >= head) {
            size_t frame = frame_at(room + whole, framing);
            if (frame == 0) return;
            if (have - whole < frame) break;
            whole += frame;
        }
        if (write_all(fd, room, whole) < 0) return;
        memmove(room, room + whole, have - whole);
        have -= whole;
    }
}

/* A handshaken end that answers every message with itself. */
static void answer_one(int fd, uint8_t *room) {
    uint8_t ok = 0xff, word = 0;
    if (write_all(fd, &ok, 1) < 0 || read_all(fd, &word, 1) < 0 || word != ok) return;
    for (;;) {
        if (read_all(fd, room, 4) < 0) return;
        uint32_t size = length_at(room);
        if (size > ECHO_ROOM - MOST_HEAD) return;
        if (write_all(fd, &ok, 1) < 0 || read_all(fd, room + 4, size) < 0) return;
        if (write_all(fd, room, 4) < 0 || read_all(fd, &word, 1) < 0 || word != ok) return;
        if (write_all(fd, room + 4, size) < 0) return;
    }
}

void lbc_echo(int listener, int framing) {
    uint8_t *room = malloc(ECHO_ROOM);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL), one = 1;
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (framing == LBC_HANDSHAKE) answer_one(fd, room);
        else echo_one(fd, framing, room);
        close(fd);
    }
}

/* ---- load --------------------------------------------------------------------------------------------------- */

typedef struct run {
    int fd;
    size_t head;   /* bytes of a frame's head */
    size_t frame;  /* bytes of one, its head included */
    size_t batch;  /* bytes of `out`: whole frames */
    uint8_t *out, *in;
    size_t part;   /* bytes of a frame that has begun to leave */
    size_t have;   /* bytes in `in` */
    long begun, back, bad;
} run;

/* Writes what the window allows. 1: something went. */
static int send_some(run *load, long inflight) {
    long room = inflight - (load->begun - load->back);
    size_t allowed = (load->part ? load->frame - load->part : 0) + (room > 0 ? (size_t)room : 0) * load->frame;
    if (allowed > load->batch - load->part) allowed = load->batch - load->part;
    if (allowed == 0) return 0;
    ssize_t taken = send(load->fd, load->out + load->part, allowed, 0);
    if (taken <= 0) return 0;
    size_t end = load->part + (size_t)taken;
    load->begun += (long)((end + load->frame - 1) / load->frame) - (load->part ? 1 : 0);
    load->part = end % load->frame;
    return 1;
}

/* Reads what is there and checks it. 1: something came; -1: the end. */
static int receive_some(run *load) {
    ssize_t count = read(load->fd, load->in + load->have, LOAD_ROOM - load->have);
    if (count == 0) return -1;
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    load->have += (size_t)count;
    size_t at = 0;
    for (; load->have - at >= load->frame; at += load->frame) {
        const uint8_t *echo = load->in + at;
        load->bad += memcmp(echo, load->out, load->head + 1) != 0 ||
                     echo[load->frame - 1] != load->out[load->frame - 1];
        load->back++;
    }
    memmove(load->in, load->in + at, load->have - at);
    load->have -= at;
    return 1;
}

static int connect_to(int port) {
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* A batch of frames to send, and room for what comes back. */
static void prepare(run *load, int framing, int size) {
    load->head = head_of(framing);
    load->frame = load->head + (size_t)size;
    size_t frames = BATCH / load->frame ? BATCH / load->frame : 1;
    load->batch = frames * load->frame;
    load->out = malloc(load->batch + 1);
    load->in = malloc(LOAD_ROOM);
    uint32_t length = htonl((uint32_t)(framing == LBC_LENGTH_TYPE ? load->frame : (size_t)size));
    for (size_t at = 0; at < load->batch; at++) load->out[at] = (uint8_t)(at % load->frame * 7 + 1);
    for (size_t at = 0; at < load->batch; at += load->frame) {
        memcpy(load->out + at, &length, sizeof length);
        if (framing == LBC_LENGTH_TYPE) load->out[at + 4] = 1;
    }
}

/* As fast as the window allows. */
static int stream(run *load, long inflight) {
    int sent = send_some(load, inflight), got = receive_some(load);
    if (got < 0) return ECONNRESET;
    if (!sent && !got) {
        struct pollfd ready = {load->fd, POLLIN, 0};
        if (load->begun - load->back < inflight || load->part) ready.events |= POLLOUT;
        poll(&ready, 1, 10);
    }
    return 0;
}

/* One handshaken message there and back. */
static int exchange(run *load) {
    uint8_t ok = 0xff, word = 0;
    if (write_all(load->fd, load->out, 4) < 0 || read_all(load->fd, &word, 1) < 0) return ECONNRESET;
    load->bad += word != ok;
    if (write_all(load->fd, load->out + 4, load->frame - 4) < 0 || read_all(load->fd, load->in, 4) < 0 ||
        write_all(load->fd, &ok, 1) < 0 || read_all(load->fd, load->in + 4, load->frame - 4) < 0)
        return ECONNRESET;
    load->bad += memcmp(load->in, load->out, load->frame) != 0;
    load->back++;
    return 0;
}

static int shake_hands(run *load) {
    uint8_t ok = 0xff, word = 0;
    if (write_all(load->fd, &ok, 1) < 0 || read_all(load->fd, &word, 1) < 0) return ECONNRESET;
    return word == ok ? 0 : EPROTO;
}

int lbc_load_run(int port, int framing, int size, long inflight, double seconds, lbc_load *result) {
    run load;
    signal(SIGPIPE, SIG_IGN);
    memset(&load, 0, sizeof load);
    load.fd = connect_to(port);
    if (load.fd < 0) return errno;
    prepare(&load, framing, size);
    int error = 0;
    if (framing == LBC_HANDSHAKE) error = shake_hands(&load);
    else fcntl(load.fd, F_SETFL, O_NONBLOCK);
    double start = lbc_now(), now = start;
    while (now - start < seconds && !error) {
        error = framing == LBC_HANDSHAKE ? exchange(&load) : stream(&load, inflight);
        now = lbc_now();
    }
    result->frames = load.back;
    result->bad = load.bad;
    result->seconds = now - start;
    close(load.fd);
    free(load.out);
    free(load.in);
    return error;
}

double lbc_cpu_of(int process) {
#ifdef __linux__
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) < 0) return 0;
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
#else
    (void)process;
    return 0;
#endif
}

/* ---- many idle connections ---------------------------------------------------------------------------------- */

int lbc_hold(int port, int count) {
    int held = 0;
    while (held < count && connect_to(port) >= 0) held++;
    return held;
}

long lbc_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    return limit.rlim_cur > 1 << 30 ? 1 << 30 : (long)limit.rlim_cur;
}

void lbc_wait_for_parent(int parent) {
    while (getppid() == parent) usleep(50000);
    _exit(0);
}

double lbc_end(int child) {
    kill(child, SIGKILL);
    return lbc_reap(child);
}

void lbc_flush(void) { fflush(stdout); }
