#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "record.h"
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 64 << 20 };

struct lbc_keeper {
    lbc_pair *pair;
    int ends, file;
    const char *path;
    long room, count, written;
    uint8_t *kept;
};

lbc_keeper *lbc_keeper_open(int size, long room, const char *path, int ends) {
    lbc_keeper *keeper = calloc(1, sizeof *keeper);
    keeper->pair = lbc_open(LBC_UDP_TRAINS, size);
    keeper->ends = ends;
    keeper->room = room;
    keeper->path = path ? strdup(path) : NULL;
    keeper->file = -1;
    if (room) {
        keeper->kept = aligned_alloc(4096, (size_t)room);
        memset(keeper->kept, 1, (size_t)room); /* so that no page is touched for the first time later */
    }
    return keeper;
}

void lbc_keeper_close(lbc_keeper *keeper) {
    lbc_close(keeper->pair);
    if (keeper->file >= 0) close(keeper->file);
    if (keeper->path) unlink(keeper->path);
    free((void *)(uintptr_t)keeper->path);
    free(keeper->kept);
    free(keeper);
}

/* A file that is made anew, and not cut to nothing: ext4 begins to write one of those out when it is closed. */
static int begin_file(lbc_keeper *keeper) {
    if (keeper->file >= 0) close(keeper->file);
    unlink(keeper->path);
    keeper->written = 0;
    keeper->file = open(keeper->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return keeper->file;
}

static int keep(lbc_keeper *keeper, const uint8_t *bytes, long count) {
    if (!keeper->room) return 0;
    if (keeper->count + count > keeper->room) {
        if (keeper->path) {
            if (keeper->file < 0 || keeper->written + keeper->count > FILE_LIMIT)
                if (begin_file(keeper) < 0) return -1;
            if (write(keeper->file, keeper->kept, (size_t)keeper->count) != keeper->count) return -1;
            keeper->written += keeper->count;
        }
        keeper->count = 0;
    }
    memcpy(keeper->kept + keeper->count, bytes, (size_t)count);
    keeper->count += count;
    return 0;
}

long lbc_keeper_pass(lbc_keeper *keeper, int trains, int segments) {
#ifdef __linux__
    lbc_pair *pair = keeper->pair;
    long count = 0, length = (long)segments * pair->size;
    struct iovec part = {pair->out, (size_t)length};
    for (int i = 0; i < trains; i++) {
        if (lbc_send_train(pair->sender, &pair->to, pair->to_length, &part, 1, (uint16_t)pair->size) < 0) break;
        if (keep(keeper, pair->out, length) < 0) return -1;
    }
    for (;;) {
        int segment;
        long bytes = lbc_receive_train(pair->receiver, pair->in, &segment);
        if (bytes < 0) return count;
        if (keeper->ends == 2 && keep(keeper, pair->in, bytes) < 0) return -1;
        count += (bytes + segment - 1) / segment;
    }
#else
    (void)trains, (void)segments, (void)keep, (void)begin_file;
    return 0;
#endif
}
