#define _GNU_SOURCE
#include "COpsSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The numbers are the same on every architecture; the system's headers may be older than its kernel.
enum { create_ruleset = 444, add_rule = 445, restrict_self = 446 };
enum { rule_path_beneath = 1, rule_net_port = 2 };

struct ruleset_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

struct path_beneath_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

struct net_port_attr {
    uint64_t allowed_access, port;
};

int ops_landlock_abi(void) {
    long version = syscall(create_ruleset, NULL, 0UL, 1UL /* LANDLOCK_CREATE_RULESET_VERSION */);
    return version < 0 ? 0 : (int)version;
}

int ops_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scopes) {
    struct ruleset_attr attr = {files, network, scopes};
    // An older kernel takes no more bytes than it knows.
    size_t size = scopes ? sizeof attr : network ? 16 : 8;
    long descriptor = syscall(create_ruleset, &attr, size, 0UL);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int ops_landlock_allow_path(int ruleset, const char *path, uint64_t access) {
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    struct stat status;
    const uint64_t of_files =
        OPS_LANDLOCK_EXECUTE | OPS_LANDLOCK_WRITE_FILE | OPS_LANDLOCK_READ_FILE | OPS_LANDLOCK_TRUNCATE | OPS_LANDLOCK_IOCTL_DEV;
    if (fstat(descriptor, &status) == 0 && !S_ISDIR(status.st_mode)) access &= of_files;
    struct path_beneath_attr attr = {access, descriptor};
    long result = access ? syscall(add_rule, ruleset, rule_path_beneath, &attr, 0UL) : 0;
    int error = errno;
    close(descriptor);
    return result < 0 ? -error : 0;
}

int ops_landlock_allow_port(int ruleset, uint64_t access, uint16_t port) {
    struct net_port_attr attr = {access, port};
    return syscall(add_rule, ruleset, rule_net_port, &attr, 0UL) < 0 ? -errno : 0;
}

bool ops_is_privileged(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0) return false;
    return data[CAP_SYS_ADMIN / 32].effective & (1U << (CAP_SYS_ADMIN % 32));
}

void ops_prepare_cage(struct ops_cage *cage) {
    snprintf(cage->user_map, sizeof cage->user_map, "%u %u 1", geteuid(), geteuid());
    snprintf(cage->group_map, sizeof cage->group_map, "%u %u 1", getegid(), getegid());
}

static int write_text(const char *path, const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t written = write(descriptor, text, length);
    close(descriptor);
    return written == (ssize_t)length ? 0 : -1;
}

/// A network of its own, with nothing in it. Without privileges that takes a user namespace, in which the process stays
/// who it was.
static int leave_network(const struct ops_cage *cage) {
    if (unshare(CLONE_NEWNET) == 0) return 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return -1;
    // The files of what is not dumpable are root's. Our memory is still the caller's: it has its own state back.
    int dumpable = prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L);
    if (dumpable != 1) (void)prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
    // Older kernels have no such file, and need none.
    (void)write_text("/proc/self/setgroups", "deny");
    int result = write_text("/proc/self/uid_map", cage->user_map);
    if (result == 0) result = write_text("/proc/self/gid_map", cage->group_map);
    if (dumpable == 0) (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    return result;
}

/// What root can do to the kernel, its devices and other processes is no file's or port's business, so Landlock does not
/// see it: CAP_PERFMON alone reads the memory of all. Without privileges there is nothing to drop.
static void drop_privileges(void) {
    static const unsigned char dropped[] = {
        CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_SYSLOG, CAP_MKNOD,
        CAP_NET_ADMIN, CAP_NET_RAW, CAP_DAC_READ_SEARCH, CAP_LINUX_IMMUTABLE, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE,
        CAP_AUDIT_CONTROL, 38 /* CAP_PERFMON */, 39 /* CAP_BPF */, 40 /* CAP_CHECKPOINT_RESTORE */,
    };
    // What exec gives is within this set.
    for (size_t i = 0; i < sizeof dropped; i++) (void)prctl(PR_CAPBSET_DROP, (unsigned long)dropped[i], 0L, 0L, 0L);
}

int ops_enter_cage(const struct ops_cage *cage) {
    if (cage->leaves_network && leave_network(cage) != 0) return OPS_NO_NAMESPACE;
    if (geteuid() == 0) drop_privileges();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0) return errno;
    for (int i = 0; i < cage->count; i++) {
        if (syscall(restrict_self, cage->rulesets[i], 0UL) != 0) return errno;
    }
    return 0;
}
