/* What the yardsticks over sockets have in common. */
#pragma once
#include "loopback.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Bytes of room for a train. */
enum { ROOM = 65536 };

struct lbc_pair {
    int sender, receiver, size;
    struct sockaddr_storage to;
    socklen_t to_length;
    char path[64];
    uint8_t *out, *in, *payload;
};

#ifdef __linux__
/* Sends `parts` as one train of datagrams of `segment` bytes. What sendmsg says. */
long lbc_send_train(int fd, void *to, socklen_t to_length, struct iovec *parts, size_t count, uint16_t segment);
/* Receives a train into `room`: bytes received, and how long each datagram is. */
long lbc_receive_train(int fd, uint8_t *room, int *segment);
#endif
