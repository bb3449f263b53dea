/* Counts calls of the allocator by standing in front of glibc's: for tests only. */
#include "cmalloccount.h"

#if defined(__GLIBC__) || (defined(__linux__) && !defined(__ANDROID__))
#include <features.h>
#endif

/* A sanitizer stands there itself. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_TAKEN 1
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_TAKEN)
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static __thread long count;

void *malloc(size_t size) {
    count++;
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count++;
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count++;
    return __libc_realloc(block, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    count++;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : 12;
}

void *aligned_alloc(size_t alignment, size_t size) {
    count++;
    return __libc_memalign(alignment, size);
}

long cmalloc_count(void) { return count; }
#else
long cmalloc_count(void) { return -1; }
#endif
