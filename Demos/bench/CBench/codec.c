/* What the codec is measured against: memcpy, a base64url table, libsodium. */
#define _GNU_SOURCE
#include "codec.h"
#include <dlfcn.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cb_copy(void *to, const void *from, size_t size, size_t times) {
    for (size_t i = 0; i < times; i++) {
        memcpy(to, from, size);
        __asm__ volatile("" ::: "memory");
    }
}

void cb_copy_pieces(void *to, const void *from, size_t piece, size_t pieces) {
    size_t at = 0;
    for (size_t i = 0; i < pieces; i++) {
        if (at + piece > 65536) at = 0;
        memcpy((char *)to + i * piece, (const char *)from + at, piece);
        at += piece;
        __asm__ volatile("" ::: "memory");
    }
}

void cb_base64(void *to, const uint8_t *from, size_t size, size_t times) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static uint16_t pairs[4096];
    if (!pairs[0]) {
        for (int i = 0; i < 4096; i++) {
            char pair[2] = {alphabet[i >> 6], alphabet[i & 63]};
            memcpy(&pairs[i], pair, 2);
        }
    }
    for (size_t t = 0; t < times; t++) {
        size_t in = 0, out = 0;
        for (; in + 3 <= size; in += 3, out += 4) {
            uint32_t group = (uint32_t)from[in] << 16 | (uint32_t)from[in + 1] << 8 | from[in + 2];
            memcpy((char *)to + out, &pairs[group >> 12], 2);
            memcpy((char *)to + out + 2, &pairs[group & 4095], 2);
        }
        __asm__ volatile("" ::: "memory");
    }
}

static void *sodium(const char *symbol) {
    static void *library;
    static const char *names[] = {"libsodium.so.23", "libsodium.so.26", "libsodium.so"};
    for (size_t i = 0; !library && i < 3; i++) library = dlopen(names[i], RTLD_NOW);
    return library ? dlsym(library, symbol) : NULL;
}

typedef int (*keypair_function)(uint8_t *, uint8_t *);
typedef int (*sign_function)(uint8_t *, unsigned long long *, const uint8_t *, unsigned long long, const uint8_t *);
typedef int (*verify_function)(const uint8_t *, const uint8_t *, unsigned long long, const uint8_t *);

double cb_sodium_sign(const void *message, size_t size, size_t times) {
    keypair_function keypair = (keypair_function)sodium("crypto_sign_keypair");
    sign_function sign = (sign_function)sodium("crypto_sign_detached");
    uint8_t public_key[32], secret_key[64], signature[64];
    if (!keypair || !sign || keypair(public_key, secret_key)) return -1;
    double start = now();
    for (size_t i = 0; i < times; i++) sign(signature, NULL, message, size, secret_key);
    return (now() - start) / (double)times;
}

double cb_sodium_verify(const void *message, size_t size, size_t times) {
    keypair_function keypair = (keypair_function)sodium("crypto_sign_keypair");
    sign_function sign = (sign_function)sodium("crypto_sign_detached");
    verify_function verify = (verify_function)sodium("crypto_sign_verify_detached");
    uint8_t public_key[32], secret_key[64], signature[64];
    if (!keypair || !sign || !verify || keypair(public_key, secret_key)) return -1;
    sign(signature, NULL, message, size, secret_key);
    double start = now();
    int bad = 0;
    for (size_t i = 0; i < times; i++) bad |= verify(signature, message, size, public_key);
    return bad ? -1 : (now() - start) / (double)times;
}
