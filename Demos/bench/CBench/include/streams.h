/* Framed echo over TCP in plain C: the yardsticks of the stream rows, and their load. */
#pragma once
#include <stdint.h>

/* How frames are written. */
enum {
    LBC_INT32 = 0,       /* four bytes of length, big-endian, then so many bytes */
    LBC_LENGTH_TYPE = 1, /* four bytes of length, big-endian, which count the whole frame; a byte of type; the rest */
    LBC_HANDSHAKE = 2    /* ff each way at first; then four bytes of size, the other end's ff, so many bytes */
};

/* A listener on 127.0.0.1 with a port that the system chooses, or -1. */
int lbc_listen(int *port);
/* Echoes the frames of one connection after another, blocking: poll-free, parsed where they lie. */
void lbc_echo(int listener, int framing) __attribute__((noreturn));

typedef struct lbc_load {
    long frames;    /* echoed */
    long bad;       /* of another length, or with another first or last byte */
    double seconds; /* from the first byte sent to the last frame counted */
} lbc_load;

/* Sends frames of `size` bytes for `seconds` with at most `inflight` not yet echoed, one if they are handshaken. 0, or
 * an error number. */
int lbc_load_run(int port, int framing, int size, long inflight, double seconds, lbc_load *result);

/* Seconds of processor that a process has used; 0 where the system does not tell. */
double lbc_cpu_of(int process);

/* Opens `count` connections to `port` and keeps them, writing nothing. How many; they go with the process. */
int lbc_hold(int port, int count);
/* Raises the bound of open descriptors as far as it goes; what it is then. */
long lbc_descriptors(void);
/* Waits until this process's parent has gone, then ends. */
void lbc_wait_for_parent(int parent) __attribute__((noreturn));
/* Ends a child that was forked here, and waits for it. */
double lbc_end(int child);
/* Writes out what was printed. */
void lbc_flush(void);
