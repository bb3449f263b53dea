#pragma once
#include <stddef.h>
#include <stdint.h>

/* memcpy of `size` bytes, `times` times. */
void cb_copy(void *to, const void *from, size_t size, size_t times);
/* base64url of `size` bytes (a multiple of 3) by a table of 4,096 pairs, `times` times. */
void cb_base64(void *to, const uint8_t *from, size_t size, size_t times);
/* Seconds of libsodium's own functions for one message of `size` bytes, mean of `times`; negative without libsodium. */
double cb_sodium_sign(const void *message, size_t size, size_t times);
double cb_sodium_verify(const void *message, size_t size, size_t times);
/* memcpy of `pieces` runs of `piece` bytes out of 64 KiB at `from`, one behind the other at `to`. */
void cb_copy_pieces(void *to, const void *from, size_t piece, size_t pieces);
