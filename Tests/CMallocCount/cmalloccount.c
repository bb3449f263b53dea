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
#include <malloc.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static __thread long count, asked, held;

static void *counted(void *block, size_t size) {
    count++;
    asked += (long)size;
    if (block) held += (long)malloc_usable_size(block);
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size), size); }

void *calloc(size_t number, size_t size) { return counted(__libc_calloc(number, size), number * size); }

void *realloc(void *block, size_t size) {
    if (block) held -= (long)malloc_usable_size(block);
    return counted(__libc_realloc(block, size), size);
}

void free(void *block) {
    if (block) held -= (long)malloc_usable_size(block);
    __libc_free(block);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = counted(__libc_memalign(alignment, size), size);
    return *block ? 0 : 12;
}

void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size), size); }

long cmalloc_count(void) { return count; }
long cmalloc_asked(void) { return asked; }
long cmalloc_held(void) { return held; }
#else
long cmalloc_count(void) { return -1; }
long cmalloc_asked(void) { return -1; }
long cmalloc_held(void) { return -1; }
#endif
