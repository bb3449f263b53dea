/* Files of Unix sockets, and the directories that they lie in. */
#include "internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int csk_status_of(const char *path, csk_status *status) {
    struct stat found;
    if (lstat(path, &found) < 0) return -errno;
    status->device = (uint64_t)found.st_dev;
    status->inode = (uint64_t)found.st_ino;
    status->mode = (uint32_t)found.st_mode & 07777;
    status->owner = (uint32_t)found.st_uid;
    status->is_socket = S_ISSOCK(found.st_mode);
    status->is_directory = S_ISDIR(found.st_mode);
    status->is_link = S_ISLNK(found.st_mode);
    return 0;
}

uint32_t csk_effective_user(void) { return (uint32_t)geteuid(); }

int csk_unix_bind_mode(int fd, const char *path, size_t length, uint32_t mode) {
#ifdef __linux__
    /* The kernel takes the file's mode from the socket, less the umask: no other thread ever sees a changed umask. */
    if (fchmod(fd, (mode_t)mode) < 0) return -errno;
    return csk_unix_bind(fd, path, length);
#else
    /* Here only the umask says so. It belongs to the whole process, so it is changed for this one call. */
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    mode_t old = umask((mode_t)(~mode & 0777));
    int result = csk_unix_bind(fd, path, length);
    umask(old);
    pthread_mutex_unlock(&one_at_a_time);
    return result;
#endif
}

int csk_make_directory(const char *path, uint32_t mode) { return mkdir(path, (mode_t)mode) < 0 ? -errno : 0; }
int csk_remove_directory(const char *path) { return rmdir(path) < 0 ? -errno : 0; }
int csk_unlink(const char *path) { return unlink(path) < 0 ? -errno : 0; }
int csk_rename(const char *from, const char *to) { return rename(from, to) < 0 ? -errno : 0; }
int csk_change_mode(const char *path, uint32_t mode) { return chmod(path, (mode_t)mode) < 0 ? -errno : 0; }
int csk_may_use(const char *path) { return access(path, R_OK | W_OK) < 0 ? -errno : 0; }

int csk_put_back(const char *from, const char *to) {
    if (link(from, to) < 0) return -errno; /* unlike rename, link never replaces */
    return unlink(from) < 0 ? -errno : 0;
}

int csk_lock(const char *path) {
    for (int tries = 0; tries < 100; tries++) {
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
        if (fd < 0) return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            int error = errno;
            close(fd);
            if (error == EINTR) continue;
            return -error;
        }
        /* The holder before us removes the file: make sure that ours is the one that stands there. */
        struct stat held, named;
        if (fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
            held.st_ino == named.st_ino)
            return fd;
        close(fd);
    }
    return -EWOULDBLOCK;
}

void csk_unlock(int fd, const char *path) {
    unlink(path);
    close(fd);
}

int csk_fresh_directory(char *template_, int suffix_length) {
    /* mkdtemp wants the X at the end: let it make up a name there, and make a second directory of that name and the
     * suffix. */
    size_t length = strlen(template_);
    size_t bare = length - (size_t)suffix_length;
    char *work = malloc(length + 1);
    if (!work) return -ENOMEM;
    int result = -EEXIST;
    for (int tries = 0; tries < 100 && result == -EEXIST; tries++) {
        memcpy(work, template_, bare);
        work[bare] = 0;
        if (!mkdtemp(work)) {
            result = -errno;
            break;
        }
        memcpy(work + bare, template_ + bare, (size_t)suffix_length + 1);
        result = mkdir(work, 0700) < 0 ? -errno : 0;
        char kept = work[bare];
        work[bare] = 0;
        rmdir(work);
        work[bare] = kept;
    }
    if (result == 0) memcpy(template_, work, length + 1);
    free(work);
    return result;
}

static int put_text(const char *text, char *out, size_t room) {
    size_t length = strlen(text);
    if (length >= room) return -ENAMETOOLONG;
    memcpy(out, text, length + 1);
    return (int)length;
}

int csk_home(char *out, size_t room) {
    const char *home = getenv("HOME");
    if (home && *home) return put_text(home, out, room);
    char scratch[4096];
    struct passwd entry, *found = NULL;
    int error = getpwuid_r(getuid(), &entry, scratch, sizeof scratch, &found);
    if (error) return -error;
    if (!found || !found->pw_dir) return -ENOENT;
    return put_text(found->pw_dir, out, room);
}

int csk_temporary_head(char *out, size_t room) {
#ifdef __linux__
    static const char *const names[] = {"TMPDIR", "TEMP", "TMP"};
    for (int i = 0; i < 3; i++) {
        struct stat found;
        const char *head = getenv(names[i]);
        if (head && *head == '/' && stat(head, &found) == 0 && S_ISDIR(found.st_mode)) return put_text(head, out, room);
    }
#endif
    return put_text("/tmp", out, room);
}

int csk_working_directory(char *out, size_t room) {
    return getcwd(out, room) ? (int)strlen(out) : -errno;
}

void csk_error_text(int error, char *out, size_t room) {
#ifdef __GLIBC__
    const char *text = strerror_r(error, out, room);
    if (text != out) {
        strncpy(out, text, room - 1);
        out[room - 1] = 0;
    }
#else
    if (strerror_r(error, out, room) != 0) snprintf(out, room, "error %d", error);
#endif
}
