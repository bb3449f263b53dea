#include "ticks.h"

#include <stdlib.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

double bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

uint64_t bench_heap_bytes(void) {
#ifdef __GLIBC__
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
#else
    return 0;
#endif
}

/* One object on the heap for each doer, as in the package, with a field that its call changes. */
struct object {
    int (*recur)(struct object *, double);
    double sum;
    uint64_t random;
    struct object *next, **link;
    uint64_t due;
};

static int add(struct object *self, double tyme) {
    self->sum += tyme;
    return 0;
}

/* xorshift64 in each object: no generator is shared, as no field is in the package's row. */
static uint64_t draw(struct object *self) {
    uint64_t bits = self->random;
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    return self->random = bits;
}

static struct object **make(size_t count) {
    struct object **all = malloc(count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        all[i] = calloc(1, sizeof **all);
        all[i]->recur = add;
        all[i]->random = 88172645463325252ull + i * 0x9E3779B97F4A7C15ull;
    }
    return all;
}

static void unmake(struct object **all, size_t count) {
    for (size_t i = 0; i < count; i++) free(all[i]);
    free(all);
}

double bench_ring(size_t doers, size_t passes) {
    struct object **all = make(doers);
    double start = bench_now();
    for (size_t pass = 0; pass < passes; pass++)
        for (size_t i = 0; i < doers; i++) all[i]->recur(all[i], (double)pass);
    double spent = bench_now() - start;
    unmake(all, doers);
    return spent / (double)(doers * passes);
}

struct entry {
    uint64_t due;
    struct object *object;
};

static void lower(struct entry *heap, size_t count, size_t hole, struct entry entry) {
    for (;;) {
        size_t child = 4 * hole + 1, least = child, end = child + 4 < count ? child + 4 : count;
        if (child >= count) break;
        for (size_t other = child + 1; other < end; other++)
            if (heap[other].due < heap[least].due) least = other;
        if (heap[least].due >= entry.due) break;
        heap[hole] = heap[least];
        hole = least;
    }
    heap[hole] = entry;
}

double bench_heap(size_t timers, uint64_t span, size_t ticks, uint64_t *fired) {
    struct object **all = make(timers);
    struct entry *heap = malloc(timers * sizeof *heap);
    for (size_t i = 0; i < timers; i++) heap[i] = (struct entry){1 + draw(all[i]) % span, all[i]};
    for (size_t i = timers; i-- > 0;) lower(heap, timers, i, heap[i]);
    *fired = 0;
    uint64_t now = 0;
    double start = 0;
    for (size_t tick = 0; tick < 2 * ticks; tick++) { /* the first half warms up */
        if (tick == ticks) {
            start = bench_now();
            *fired = 0;
        }
        now++;
        while (heap[0].due <= now) {
            struct entry entry = heap[0];
            entry.object->recur(entry.object, (double)now);
            entry.due = now + 1 + draw(entry.object) % span;
            lower(heap, timers, 0, entry);
            ++*fired;
        }
    }
    double spent = bench_now() - start;
    free(heap);
    unmake(all, timers);
    return spent / (double)ticks;
}

struct wheel {
    struct object *slots[4][256];
    uint64_t now;
};

static void put(struct wheel *wheel, struct object *object) {
    uint64_t ahead = object->due - wheel->now;
    int level = ahead < 1u << 8 ? 0 : ahead < 1u << 16 ? 1 : ahead < 1u << 24 ? 2 : 3;
    struct object **slot = &wheel->slots[level][(object->due >> (8 * level)) & 255];
    object->next = *slot;
    if (*slot) (*slot)->link = &object->next;
    object->link = slot;
    *slot = object;
}

static void cascade(struct wheel *wheel, int level) {
    struct object **slot = &wheel->slots[level][(wheel->now >> (8 * level)) & 255];
    struct object *object = *slot;
    *slot = NULL;
    while (object) {
        struct object *next = object->next;
        put(wheel, object);
        object = next;
    }
}

double bench_wheel(size_t timers, uint64_t span, size_t ticks, uint64_t *fired) {
    struct object **all = make(timers);
    struct wheel *wheel = calloc(1, sizeof *wheel);
    for (size_t i = 0; i < timers; i++) {
        all[i]->due = 1 + draw(all[i]) % span;
        put(wheel, all[i]);
    }
    *fired = 0;
    double start = 0;
    for (size_t tick = 0; tick < 2 * ticks; tick++) {
        if (tick == ticks) {
            start = bench_now();
            *fired = 0;
        }
        wheel->now++;
        if (!(wheel->now & 0xFFFFFF)) cascade(wheel, 3);
        if (!(wheel->now & 0xFFFF)) cascade(wheel, 2);
        if (!(wheel->now & 0xFF)) cascade(wheel, 1);
        struct object **slot = &wheel->slots[0][wheel->now & 255];
        struct object *object = *slot;
        *slot = NULL;
        while (object) {
            struct object *next = object->next;
            object->recur(object, (double)wheel->now);
            object->due = wheel->now + 1 + draw(object) % span;
            put(wheel, object);
            object = next;
            ++*fired;
        }
    }
    double spent = bench_now() - start;
    free(wheel);
    unmake(all, timers);
    return spent / (double)ticks;
}
