/* What the Swift overlays of the C library lack, behind one small face for Linux and Darwin.
 *
 * Every call returns a count or a descriptor, or the negated error number; none sets errno for its caller to read,
 * and none restarts by itself when a signal interrupts it, unless it says so. */
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- addresses ---------------------------------------------------------------------------------------------- */

/* family << 48 | port << 32 | scope, and 128 bits in host order: the three words of an Address. */
typedef struct csk_address {
    uint64_t tag, hi, lo;
} csk_address;

enum { CSK_UNIX = 1, CSK_IP4 = 4, CSK_IP6 = 6 };

/* Looks a name up, which may block for seconds. Writes up to `max` addresses in the system's order of preference.
 * Returns how many, or minus the getaddrinfo error; csk_resolve_text tells it. */
int csk_resolve(const char *name, uint16_t port, csk_address *out, int max);
const char *csk_resolve_text(int error);

/* ---- UDP ---------------------------------------------------------------------------------------------------- */

enum {
    CSK_BROADCAST,
    CSK_SHARE_PORT,
    CSK_V6ONLY,
    CSK_SEND_BUFFER,
    CSK_RECEIVE_BUFFER,
    CSK_JOINS_TRAINS /* UDP_GRO: arriving datagrams of one sender may come in one receive */
};

/* A non-blocking UDP socket that is closed on exec; `family` is CSK_IP4 or CSK_IP6. */
int csk_udp_socket(int family);
int csk_set(int fd, int option, int value);
int csk_get(int fd, int option);
int csk_bind(int fd, int family, const csk_address *address);
int csk_name(int fd, csk_address *address);
int csk_close(int fd);
/* `fd` again under a number that is not `avoid`; closes the old number. */
int csk_renumber(int fd, int avoid);
/* 1 if the kernel splits trains (UDP_SEGMENT), 0 if not. */
int csk_splits_trains(int fd);

/* One datagram. `family` is the socket's; an IPv4 address goes out of an IPv6 socket in its mapped form. */
long csk_send(int fd, int family, const csk_address *to, const void *bytes, size_t count);
/* A train: `count` bytes that the kernel cuts into datagrams of `segment`. -ENOPROTOOPT where it cannot. */
long csk_send_train(int fd, int family, const csk_address *to, const void *bytes, size_t count, size_t segment);

typedef struct csk_arrival {
    csk_address from;  /* tag 0: of an unknown family */
    size_t segment;    /* bytes of every datagram but the last */
    int truncated;     /* the room was too small: the rest is lost */
} csk_arrival;

/* One datagram, or a train of them that the kernel joined. */
long csk_receive(int fd, void *room, size_t capacity, csk_arrival *arrival);
/* The same for a socket that joins no trains. */
long csk_receive_one(int fd, void *room, size_t capacity, csk_arrival *arrival);

/* ---- Unix datagrams ----------------------------------------------------------------------------------------- */

enum { CSK_PATH_ROOM = 108 };

/* Bytes of the longest path that can be bound, its final NUL not counted. */
int csk_path_limit(void);

int csk_unix_socket(void);
int csk_unix_bind(int fd, const char *path, size_t length);
/* 0 if something is bound at `path` and takes datagrams; nothing is sent. */
int csk_unix_probe(const char *path, size_t length);
long csk_unix_send(int fd, const char *path, size_t length, const void *bytes, size_t count);

/* Watching full peers for room: a descriptor of its own that becomes readable when one of them has some. A socket
 * without a connection cannot be asked whether its peer's queue is full, but one that is connected to the peer can.
 * Linux only; elsewhere csk_rooms_open says -ENOSYS. */
int csk_rooms_open(void);
/* Watches the peer at `path`; the probe's descriptor, or a negated error number. */
int csk_rooms_add(int rooms, const char *path, size_t length);
/* Watches again after it was told; the probe goes with csk_close. */
int csk_rooms_again(int rooms, int probe);
/* Takes what was told, so that `rooms` is not readable any more. */
void csk_rooms_clear(int rooms);

typedef struct csk_unix_arrival {
    char path[CSK_PATH_ROOM];
    size_t length; /* bytes of the path; 0: the sender has none that we could name (unnamed, abstract, too long) */
    int truncated;
} csk_unix_arrival;

long csk_unix_receive(int fd, void *room, size_t capacity, csk_unix_arrival *arrival);

/* ---- files -------------------------------------------------------------------------------------------------- */

typedef struct csk_status {
    uint64_t device, inode;
    uint32_t mode; /* permission bits, set-id and sticky included */
    uint32_t owner;
    int is_socket, is_directory, is_link;
} csk_status;

/* Says what stands at `path` itself: links are not followed. */
int csk_status_of(const char *path, csk_status *status);
uint32_t csk_effective_user(void);
/* Binds so that the file gets exactly `mode`, whatever the umask; never leaves the umask changed. */
int csk_unix_bind_mode(int fd, const char *path, size_t length, uint32_t mode);
int csk_make_directory(const char *path, uint32_t mode);
int csk_remove_directory(const char *path);
int csk_unlink(const char *path);
int csk_rename(const char *from, const char *to);
/* Puts `from` back at `to` unless something stands there. */
int csk_put_back(const char *from, const char *to);
int csk_change_mode(const char *path, uint32_t mode);
/* Can this process read and write `path`? 0 or an error. */
int csk_may_use(const char *path);
/* Takes the lock file: a descriptor, or -EWOULDBLOCK if another holds it. Follows no link. */
int csk_lock(const char *path);
/* Gives the lock back and removes its file. */
void csk_unlock(int fd, const char *path);
/* A fresh directory, mode 0700: `template` ends in XXXXXX and `suffix_length` more bytes, and is filled in. */
int csk_fresh_directory(char *template_, int suffix_length);
/* The home directory of the user as the shell sees it: HOME, else the password file. Writes at most `room` bytes. */
int csk_home(char *out, size_t room);
/* Where temporary files go: TMPDIR, TEMP or TMP if it is a directory, else /tmp; always /tmp on Darwin, where a longer
 * one leaves no room for a socket's path. hio's rule. */
int csk_temporary_head(char *out, size_t room);
int csk_working_directory(char *out, size_t room);
/* "error text" of an error number, written to `out`. */
void csk_error_text(int error, char *out, size_t room);

/* ---- time, poller, kicks ------------------------------------------------------------------------------------ */

/* Monotonic nanoseconds. */
int64_t csk_now(void);
/* Lets whoever waits for this processor have it; returns at once if nobody does. */
void csk_yield(void);
/* CPU time of this thread, user and system, in nanoseconds. */
int64_t csk_thread_cpu_time(void);

enum { CSK_READABLE = 1, CSK_WRITABLE = 2 };

typedef struct csk_event {
    uint64_t token;
    int flags;
} csk_event;

int csk_poller_open(void);
/* Watches `fd` for what `flags` says, or changes what is watched.
 * Readable alone is level-triggered. While writable is asked for, both are edge-triggered: a Unix datagram socket
 * always counts as writable, and only the edge says that a receiver has made room.
 * Returns 1 if `fd` was not watched before, 0 if it was. */
int csk_poller_set(int poller, int fd, uint64_t token, int flags);
int csk_poller_remove(int poller, int fd);
/* Up to `max` events. Waits `timeout` nanoseconds: 0 not at all, negative for ever. -EINTR on a signal. */
int csk_poller_wait(int poller, csk_event *events, int max, int64_t timeout);

/* Waits until `fd` or `other` is readable. Bit 0: `fd`, bit 1: `other`; 0: time is up. */
int csk_wait_readable(int fd, int other, int64_t timeout);

typedef struct csk_kicker {
    int read_end, write_end; /* the same descriptor where there is eventfd */
} csk_kicker;

int csk_kicker_open(csk_kicker *kicker);
void csk_kicker_close(csk_kicker *kicker);
/* Makes the read end readable. Safe in a signal handler and from any thread; keeps errno. */
void csk_kick(int write_end);
void csk_kicker_drain(int read_end);

/* ---- signals ------------------------------------------------------------------------------------------------ */

enum { CSK_INTERRUPT = 1, CSK_TERMINATE = 2, CSK_HANG_UP = 4 };
enum { CSK_SIGNAL_SLOTS = 64 };

/* Sets a flag and kicks `write_end` whenever one of `signals` comes. Several claims may stand at once, each is told.
 * The calling thread lets them through until it releases the slot, even if it was started with them blocked.
 * The first claim of a signal installs the handler; the last release puts the old one back, if ours still stands.
 * Returns a slot, or -EAGAIN if all are taken. */
int csk_signals_claim(int signals, int write_end);
void csk_signals_release(int slot);
/* Which of the slot's signals have come since the claim. */
int csk_signals_seen(int slot);

/* ---- threads ------------------------------------------------------------------------------------------------ */

typedef struct csk_thread csk_thread;
/* Starts a joinable thread that blocks every signal. NULL with *error set if there is none. */
csk_thread *csk_thread_start(void (*body)(void *), void *context, int *error);
void csk_thread_join(csk_thread *thread);
