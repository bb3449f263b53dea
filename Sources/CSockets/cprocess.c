/* Signals and threads. */
#include "internal.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- signals ------------------------------------------------------------------------------------------------ */

typedef struct claim {
    atomic_int wanted;    /* CSK_… bits; 0: the slot is free */
    atomic_int write_end; /* what to kick */
    atomic_int seen;
    pthread_t claimer;
    int unblocked; /* CSK_… bits that the claimer's thread had blocked */
} claim;

static claim claims[CSK_SIGNAL_SLOTS];
static pthread_mutex_t claims_mutex = PTHREAD_MUTEX_INITIALIZER; /* never taken by the handler */
static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[3];
static int holders[3];
static atomic_int running; /* handlers at work: a release waits for them, lest they kick a descriptor closed since */

static void on_signal(int number) {
    int bit = 0;
    atomic_fetch_add(&running, 1);
    for (int i = 0; i < 3; i++)
        if (numbers[i] == number) bit = 1 << i;
    for (int i = 0; i < CSK_SIGNAL_SLOTS; i++) {
        if (!(atomic_load(&claims[i].wanted) & bit)) continue;
        atomic_fetch_or(&claims[i].seen, bit);
        csk_kick(atomic_load(&claims[i].write_end));
    }
    atomic_fetch_sub(&running, 1);
}

static void install(int i) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(numbers[i], &action, &before[i]);
}

static void restore(int i) {
    struct sigaction now;
    /* If somebody else has put a handler over ours, it is not ours to take away. */
    if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == on_signal) sigaction(numbers[i], &before[i], NULL);
}

/* A process that is started by a thread which blocks signals, as the workers of Dispatch do, inherits the mask: what is
 * asked for must come through all the same. Returns the bits that were blocked. */
static int unblock(int signals) {
    sigset_t wanted, old;
    int were = 0;
    sigemptyset(&wanted);
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i) sigaddset(&wanted, numbers[i]);
    if (pthread_sigmask(SIG_UNBLOCK, &wanted, &old)) return 0;
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i && sigismember(&old, numbers[i]) == 1) were |= 1 << i;
    return were;
}

static void block(int signals) {
    sigset_t again;
    sigemptyset(&again);
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i) sigaddset(&again, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &again, NULL);
}

int csk_signals_claim(int signals, int write_end) {
    int slot = -EAGAIN;
    pthread_mutex_lock(&claims_mutex);
    for (int i = 0; i < CSK_SIGNAL_SLOTS && slot < 0; i++)
        if (!atomic_load(&claims[i].wanted)) slot = i;
    if (slot >= 0) {
        atomic_store(&claims[slot].seen, 0);
        atomic_store(&claims[slot].write_end, write_end);
        atomic_store(&claims[slot].wanted, signals & 7);
        for (int i = 0; i < 3; i++)
            if (signals & 1 << i && holders[i]++ == 0) install(i);
        claims[slot].claimer = pthread_self();
        claims[slot].unblocked = unblock(signals & 7);
    }
    pthread_mutex_unlock(&claims_mutex);
    return slot;
}

void csk_signals_release(int slot) {
    if (slot < 0 || slot >= CSK_SIGNAL_SLOTS) return;
    pthread_mutex_lock(&claims_mutex);
    int signals = atomic_exchange(&claims[slot].wanted, 0);
    if (pthread_equal(claims[slot].claimer, pthread_self())) block(claims[slot].unblocked);
    for (int i = 0; i < 3; i++)
        if (signals & 1 << i && --holders[i] == 0) restore(i);
    while (atomic_load(&running)) sched_yield();
    pthread_mutex_unlock(&claims_mutex);
}

int csk_signals_seen(int slot) {
    return slot < 0 || slot >= CSK_SIGNAL_SLOTS ? 0 : atomic_load(&claims[slot].seen);
}

/* ---- threads ------------------------------------------------------------------------------------------------ */

struct csk_thread {
    pthread_t thread;
    void (*body)(void *);
    void *context;
};

static void *run_thread(void *raw) {
    csk_thread *thread = raw;
    thread->body(thread->context);
    return NULL;
}

csk_thread *csk_thread_start(void (*body)(void *), void *context, int *error) {
    csk_thread *thread = malloc(sizeof *thread);
    if (!thread) {
        *error = ENOMEM;
        return NULL;
    }
    thread->body = body;
    thread->context = context;
    /* Signals belong to the threads that expect them. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    *error = pthread_create(&thread->thread, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (*error) {
        free(thread);
        return NULL;
    }
    return thread;
}

void csk_thread_join(csk_thread *thread) {
    pthread_join(thread->thread, NULL);
    free(thread);
}
