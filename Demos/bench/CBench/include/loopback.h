/* What plain C reaches over real loopback sockets: the yardsticks that the bench's rows stand beside. */
#pragma once
#include <stdint.h>

typedef struct lbc_pair lbc_pair;

enum { LBC_UDP, LBC_UDP_TRAINS, LBC_UNIX };

/* Two sockets of one kind with 4 MiB buffers, the second of which sends to the first datagrams of `size` bytes. */
lbc_pair *lbc_open(int kind, int size);
void lbc_close(lbc_pair *pair);

/* Sends `burst` datagrams by sendto, then receives by recvfrom until nothing is there. How many came. */
long lbc_singles(lbc_pair *pair, int burst);
/* Sends `trains` trains of `segments` datagrams (UDP_SEGMENT), then receives them joined (UDP_GRO). How many came.
 * `fills`: copies each datagram into its train first, as whoever has something new to say must; else the train that
 * stands there goes again and again. */
long lbc_trains(lbc_pair *pair, int trains, int segments, int fills);
/* One datagram there and back by sendto and recvfrom, `count` times. How many came back. */
long lbc_round_trips(lbc_pair *pair, int count);

typedef struct lbc_messages lbc_messages;

/* Messages of `size` bytes, cut into grams of `gram` bytes with a 32-byte head, carried reliably between two sockets
 * of one thread: a window, one cumulative ack a drain, go-back-N, trains both ways. */
lbc_messages *lbc_messages_open(int size, int gram);
void lbc_messages_close(lbc_messages *both);
/* Carries `count` messages, at most `seconds`. How many arrived whole; *bad counts those with a wrong last byte. */
long lbc_messages_run(lbc_messages *both, long count, double seconds, long *bad);

/* fork, which Swift hides. Call it before any thread is started. */
int lbc_fork(void);
/* This process's number. */
int lbc_process(void);
/* Ends this process at once, without what is usually done at the end. */
void lbc_leave(void) __attribute__((noreturn));
/* Waits for a child and gives its CPU seconds. */
double lbc_reap(int child);
/* CPU seconds of this process. */
double lbc_cpu(void);
double lbc_now(void);
/* Whether two runs of bytes are the same. */
int lbc_same(const void *one, const void *two, long count);
/* Calls of the allocator by this process so far; -1 where they are not counted. */
long lbc_allocations(void);
/* Binds this process to one core; 0 if that worked. */
int lbc_pin(int core);
