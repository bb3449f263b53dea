/* What plain C reaches when it keeps the trains that it sends: the bound of a recording. */
#pragma once

typedef struct lbc_keeper lbc_keeper;

/* Two UDP sockets with 4 MiB buffers, the second of which receives joined trains (UDP_GRO) of datagrams of `size` bytes
 * that the first sends (UDP_SEGMENT).
 * Bytes that are kept are copied into `room` bytes of memory (0: nothing is kept), from the start again when those are
 * full; with a `path` they are written there first, in one write, and the file begins anew behind 64 MiB.
 * `ends` 1: what is sent is kept; 2: what is received too. */
lbc_keeper *lbc_keeper_open(int size, long room, const char *path, int ends);
/* Sends `trains` trains of `segments` datagrams, then receives them. How many came, or -1: the file was not written. */
long lbc_keeper_pass(lbc_keeper *keeper, int trains, int segments);
void lbc_keeper_close(lbc_keeper *keeper);
