#define _GNU_SOURCE
#include "COpsSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// The limit of core dumps that children get back; not changed while `has_core_limit` is false.
static struct rlimit core_limit;
static volatile bool has_core_limit;

void ops_hide_memory(void) {
    (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    if (has_core_limit || getrlimit(RLIMIT_CORE, &core_limit) != 0) return;
    has_core_limit = true;
    // 0 would still let a program of core(5)'s pipe have it; 1 is what the kernel takes for "no dump at all".
    struct rlimit none = {core_limit.rlim_max > 0 ? 1 : 0, core_limit.rlim_max};
    (void)setrlimit(RLIMIT_CORE, &none);
}

struct child {
    const struct ops_spawn_request *spawn;
    pid_t parent;
    int error;
};

/// Runs in the child, which shares our memory until exec: system calls only.
static int child_main(void *context) {
    struct child *child = context;
    const struct ops_spawn_request *spawn = child->spawn;
    int streams[3];
    // SIGHUP, SIGINT and SIGQUIT stay ignored where our caller (nohup, a shell's background job) ignored them.
    static const int defaults[] = {SIGPIPE, SIGCHLD, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGXFSZ, SIGTTIN, SIGTTOU};
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) sigaction(defaults[i], &action, NULL);
    // A handler of ours must not run between the mask's reset and exec.
    static const int handled[] = {SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        struct sigaction old;
        if (sigaction(handled[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(handled[i], &action, NULL);
    }
    // Where a whole process group is killed, nobody is left to end us. A help only: what we start lacks it.
    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
    // Who died before that sends nothing.
    if (getppid() != child->parent) _exit(127);
    if (spawn->owns_session ? setsid() < 0 : setpgid(0, 0) < 0) goto failed;
    if (spawn->terminal >= 0) {
        // Stopped by ^Z it would leave nobody who could continue it.
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigaction(SIGTSTP, &ignore, NULL);
        (void)tcsetpgrp(spawn->terminal, getpid());
    }
    for (int i = 0; i < 3; i++) {
        streams[i] = spawn->streams[i];
        if (streams[i] < 3 && streams[i] != i && (streams[i] = fcntl(streams[i], F_DUPFD_CLOEXEC, 3)) < 0) goto failed;
    }
    for (int i = 0; i < 3; i++) {
        if (streams[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(streams[i], i) < 0) goto failed;
    }
    (void)syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    if (has_core_limit) (void)setrlimit(RLIMIT_CORE, &core_limit);
    if (spawn->directory && chdir(spawn->directory) < 0) goto failed;
    if (spawn->cage && (child->error = ops_enter_cage(spawn->cage)) != 0) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(spawn->path, spawn->arguments, spawn->environment);
failed:
    child->error = errno;
    _exit(127);
}

pid_t ops_spawn(const struct ops_spawn_request *spawn, int *pidfd) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char stack[64 * 1024] __attribute__((aligned(16)));
    struct child child = {.spawn = spawn, .parent = getpid()};
    sigset_t all, old;
    sigfillset(&all);
    pthread_mutex_lock(&lock);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    pid_t pid = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, pidfd);
    int error = pid < 0 ? errno : child.error;
    if (pid > 0 && error) {
        close(*pidfd);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        if (spawn->terminal >= 0) (void)tcsetpgrp(spawn->terminal, getpgrp());
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_unlock(&lock);
    return error ? -error : pid;
}

int ops_reap(pid_t pid, int *status) {
    pid_t found;
    do found = waitpid(pid, status, WNOHANG);
    while (found < 0 && errno == EINTR);
    return found < 0 ? -errno : found > 0;
}

void ops_reap_group(pid_t group) {
    while (waitpid(-group, NULL, WNOHANG) > 0) {}
}

void ops_become_subreaper(void) { (void)prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L); }

void ops_take_terminal(int terminal, pid_t group) {
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &blocked, &old);
    (void)tcsetpgrp(terminal, group);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static int forward_descriptor = -1;
static pid_t forward_guard;

static void forward(int signal, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    bool is_handed_on = forward_guard > 0 && info->si_code == SI_USER && info->si_pid == forward_guard;
    unsigned char byte = (unsigned char)(signal | (is_handed_on ? OPS_HANDED_ON : 0));
    (void)!write(forward_descriptor, &byte, 1);
    errno = saved;
}

static pid_t continue_guard;

static void relay_continue(int signal, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    if (info->si_pid != continue_guard) (void)kill(continue_guard, signal);
    errno = saved;
}

void ops_relay_continue(pid_t guard) {
    continue_guard = guard;
    struct sigaction action = {.sa_sigaction = relay_continue, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigaction(SIGCONT, &action, NULL);
}

void ops_forward_signals(const int *signals, int count, int descriptor, pid_t guard) {
    (void)fcntl(descriptor, F_SETFL, O_NONBLOCK);
    forward_descriptor = descriptor;
    forward_guard = guard;
    // A parent may have left them blocked: then no interrupt would ever come.
    sigset_t ours;
    sigemptyset(&ours);
    for (int i = 0; i < count; i++) sigaddset(&ours, signals[i]);
    for (int i = 0; i < count; i++) {
        struct sigaction old, action = {.sa_sigaction = forward, .sa_flags = SA_RESTART | SA_SIGINFO};
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        sigaction(signals[i], &action, NULL);
    }
    pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
}
