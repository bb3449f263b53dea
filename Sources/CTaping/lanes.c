#include "lanes.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the lanes are read as little-endian words"
#endif

#define INLINE static inline __attribute__((always_inline))

/* Compiled once for every x86 and once for those with AVX2; the loader takes the one that fits. Not under a thread
 * sanitizer: the loader asks which one fits before that has begun. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_OF_A_KIND 1
#endif
#endif
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(ONE_OF_A_KIND)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

enum { BLOCK = 16 * CTP_STRIPE };

/* Two of them are the words of a stripe. Where vectors have 16 bytes each is two. */
typedef uint64_t words __attribute__((vector_size(32)));

typedef struct lanes {
    words a, b, a_far, b_far;
} lanes;

INLINE void add_stripe(lanes *lanes, const uint8_t *from, uint8_t *to) {
    words a, b;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + sizeof a, sizeof b);
    if (to) {
        memcpy(to, &a, sizeof a);
        memcpy(to + sizeof a, &b, sizeof b);
    }
    lanes->a += a;
    lanes->b += b;
    lanes->a_far += lanes->a;
    lanes->b_far += lanes->b;
}

/* One step that can be undone, so that two states that differ stay different. */
INLINE void fold(lanes *lanes) {
    lanes->a ^= lanes->a >> 29;
    lanes->b ^= lanes->b >> 29;
    lanes->a_far ^= lanes->a_far >> 29;
    lanes->b_far ^= lanes->b_far >> 29;
    lanes->a += lanes->a_far;
    lanes->b += lanes->b_far;
}

INLINE ctp_lanes sum(const uint8_t *bytes, size_t count, uint8_t *to) {
    lanes lanes = {0};
    size_t at = 0;
    for (; count - at >= BLOCK; fold(&lanes))
        for (size_t end = at + BLOCK; at < end; at += CTP_STRIPE) add_stripe(&lanes, bytes + at, to ? to + at : NULL);
    for (; count - at >= CTP_STRIPE; at += CTP_STRIPE) add_stripe(&lanes, bytes + at, to ? to + at : NULL);
    if (at < count) {
        uint8_t last[CTP_STRIPE] = {0};
        memcpy(last, bytes + at, count - at);
        if (to) memcpy(to + at, last, count - at);
        add_stripe(&lanes, last, NULL);
        if ((at / CTP_STRIPE + 1) % 16 == 0) fold(&lanes);
    }
    ctp_lanes result;
    memcpy(result.near, &lanes.a, sizeof lanes.a);
    memcpy(result.near + 4, &lanes.b, sizeof lanes.b);
    memcpy(result.far, &lanes.a_far, sizeof lanes.a_far);
    memcpy(result.far + 4, &lanes.b_far, sizeof lanes.b_far);
    return result;
}

CLONES ctp_lanes ctp_sum(const uint8_t *bytes, size_t count) { return sum(bytes, count, NULL); }

CLONES ctp_lanes ctp_sum_copying(const uint8_t *bytes, size_t count, uint8_t *to) { return sum(bytes, count, to); }
