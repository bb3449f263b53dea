/* References for `bench sched`: what a pass costs in C without a scheduler's promises. */
#ifndef TYMIST_BENCH_SCHED_H
#define TYMIST_BENCH_SCHED_H

#include <stddef.h>
#include <stdint.h>

/* A ring of function pointers, each called every pass. Answers nanoseconds a call. */
double bench_ring(size_t doers, size_t passes);

/* n timers in a 4-ary heap of (deadline, object); in a tick those that are due are called and armed again within
 * `span` ticks, uniformly. Answers nanoseconds a tick; *fired is how many were due in all. */
double bench_heap(size_t timers, uint64_t span, size_t ticks, uint64_t *fired);

/* The same with a wheel of four levels of 256 slots. */
double bench_wheel(size_t timers, uint64_t span, size_t ticks, uint64_t *fired);

/* Nanoseconds on a monotonic clock. */
double bench_now(void);

/* Bytes that malloc has handed out and not got back; 0 where it does not say. */
uint64_t bench_heap_bytes(void);

#endif
