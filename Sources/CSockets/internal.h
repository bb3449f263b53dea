/* What the C files of this target share; not seen by Swift. */
#pragma once
#ifdef __linux__
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#endif
#include "csockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef union any_address {
    struct sockaddr plain;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
} any_address;

/* Length of the address in `out`, or 0 if the family does not fit the socket's. */
socklen_t csk_to_system(int family, const csk_address *from, any_address *out);
/* The three words of an address; tag 0 if it is of another family. */
csk_address csk_from_system(const any_address *in, socklen_t length);
/* Length of the address in `out`, or 0 if the path does not fit. */
socklen_t csk_to_path(const char *path, size_t length, struct sockaddr_un *out);
/* A non-blocking socket that is closed on exec, or a negated error number. */
int csk_quiet_socket(int domain, int type);
