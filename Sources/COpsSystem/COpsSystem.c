#define _GNU_SOURCE
#include "COpsSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

const char *ops_error_text(int code) {
    const char *text = strerrordesc_np(code);
    return text ? text : "unknown error";
}

int ops_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC) == 0 ? 0 : -errno; }

/// The only name by which a process without privileges may link what has none.
static void descriptor_path(char *text, size_t size, int descriptor) {
    snprintf(text, size, "/proc/self/fd/%d", descriptor);
}

int ops_open_unnamed(const char *folder, mode_t mode) {
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (descriptor < 0) return -errno;
    char path[32];
    descriptor_path(path, sizeof path, descriptor);
    if (access(path, F_OK) == 0) return descriptor;
    close(descriptor);
    return -ENOTSUP; // no /proc: it could never be named
}

int ops_link_unnamed(int descriptor, const char *path) {
    char source[32];
    descriptor_path(source, sizeof source, descriptor);
    return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
}

void ops_grow_pipe(int descriptor, int size) { (void)fcntl(descriptor, F_SETPIPE_SZ, size); }

int ops_poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int ops_poll_add(int poll, int descriptor, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data.u64 = key};
    return epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

void ops_poll_remove(int poll, int descriptor) { epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, NULL); }

int ops_poll_wait(int poll, struct ops_event *events, int count, int milliseconds) {
    struct epoll_event found[64];
    int number = epoll_wait(poll, found, count < 64 ? count : 64, milliseconds);
    if (number < 0) return -errno;
    for (int i = 0; i < number; i++) events[i] = (struct ops_event){found[i].data.u64, found[i].events};
    return number;
}

int ops_wake_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void ops_wake(int descriptor) {
    uint64_t one = 1;
    (void)!write(descriptor, &one, sizeof one);
}

void ops_wake_clear(int descriptor) {
    uint64_t count;
    (void)!read(descriptor, &count, sizeof count);
}

int ops_terminal_width(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int ops_processor_count(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int ops_is_directory(mode_t mode) { return S_ISDIR(mode); }
int ops_is_regular(mode_t mode) { return S_ISREG(mode); }
int ops_is_link(mode_t mode) { return S_ISLNK(mode); }

bool ops_is_in_memory(const char *path) {
    struct statfs status;
    if (statfs(path, &status) != 0) return false;
    return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}
