#define _GNU_SOURCE
#include "COpsSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void ops_reserve_streams(void) {
    // Each the wrong way round, so that its use fails as that of a closed one does.
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int i = 0; i < 3; i++) {
        if (fcntl(i, F_GETFD) < 0) (void)!open("/dev/null", modes[i]);
    }
}

pid_t ops_fork_guarded(int *link, int *signals) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    // Where our caller ignores it, the kernel would reap our children unseen.
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &action, NULL);
    // Swift's runtime would print where we are, and go on.
    struct sigaction quit;
    if (sigaction(SIGQUIT, NULL, &quit) == 0 && quit.sa_handler != SIG_IGN) sigaction(SIGQUIT, &action, NULL);
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    *signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t pid = *signals < 0 ? -1 : fork();
    int error = errno;
    if (pid > 0) {
        close(ends[1]);
        *link = ends[0];
        ops_become_subreaper();
        // killall(1) goes by this name, and must not reach both.
        (void)prctl(PR_SET_NAME, "ops-guard", 0L, 0L, 0L);
        return pid;
    }
    close(ends[0]);
    if (*signals >= 0) close(*signals);
    if (pid == 0) *link = ends[1]; else close(ends[1]);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return pid == 0 ? 0 : -error;
}

int ops_next_signal(int signals, pid_t *sender) {
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info) return 0;
    bool hasSender = info.ssi_code == SI_USER || info.ssi_code == SI_QUEUE || info.ssi_code == SI_TKILL;
    *sender = hasSender ? (pid_t)info.ssi_pid : 0;
    return (int)info.ssi_signo;
}

int ops_look_at_child(pid_t pid, int *stopped) {
    int status;
    *stopped = 0;
    pid_t found = waitpid(pid, &status, WNOHANG | WUNTRACED);
    if (found == 0) return -EAGAIN;
    if (found < 0) return -errno;
    if (WIFSTOPPED(status)) {
        *stopped = WSTOPSIG(status);
        return -EAGAIN;
    }
    return status;
}

void ops_suffer(int number, bool is_end) {
    if (is_end) {
        // The core is that of the process that died first.
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
    }
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool ops_is_main_thread(void) { return gettid() == getpid(); }

bool ops_has_children(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

int ops_open_process(pid_t pid) {
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int ops_signal_process(int descriptor, int number) {
    return syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0) < 0 ? -errno : 0;
}
