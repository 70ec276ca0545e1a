#ifndef COPSSYSTEM_H
#define COPSSYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The text of an error number, from a table: safe from any thread.
const char *ops_error_text(int code);

/// How many words the program was called with, its own name among them; known without /proc.
int ops_argument_count(void);
/// One of these words, or NULL past the last.
const char *ops_argument(int index);

/// Rights of Landlock over files (landlock(7)): what is a file's and, from MAKE_CHAR on, a folder's.
enum {
    OPS_LANDLOCK_EXECUTE = 1 << 0,
    OPS_LANDLOCK_WRITE_FILE = 1 << 1,
    OPS_LANDLOCK_READ_FILE = 1 << 2,
    OPS_LANDLOCK_READ_DIR = 1 << 3,
    OPS_LANDLOCK_CHANGE_FOLDER = 0x1ff << 4, ///< removing and making what is in it
    OPS_LANDLOCK_REFER = 1 << 13,            ///< from version 2: moving from folder to folder
    OPS_LANDLOCK_TRUNCATE = 1 << 14,         ///< from version 3
    OPS_LANDLOCK_IOCTL_DEV = 1 << 15,        ///< from version 5
};
/// From version 4: over TCP ports.
enum { OPS_LANDLOCK_BIND_TCP = 1 << 0, OPS_LANDLOCK_CONNECT_TCP = 1 << 1 };
/// From version 6: abstract sockets and signals reach no process outside.
enum { OPS_LANDLOCK_ALL_SCOPES = 3 };

/// The version of Landlock's interface that the kernel has; 0 where it has none or it is off.
int ops_landlock_abi(void);
/// A new ruleset that takes these rights from whoever it restricts, but for its rules; or a negative error number.
int ops_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scopes);
/// Gives rights to a file, or to a folder and all below it; 0 or a negative error number.
int ops_landlock_allow_path(int ruleset, const char *path, uint64_t access);
int ops_landlock_allow_port(int ruleset, uint64_t access, uint16_t port);
/// True for a process that may make a network namespace without a user namespace (CAP_SYS_ADMIN).
bool ops_is_privileged(void);

/// What a child is held by from before exec on, with all that it starts.
struct ops_cage {
    const int *rulesets; ///< one behind the other
    int count;
    bool leaves_network;
    char user_map[48], group_map[48];
};
/// Fills in who the process stays in a user namespace.
void ops_prepare_cage(struct ops_cage *cage);
/// Where the system allows no network namespace: in place of an error number.
enum { OPS_NO_NAMESPACE = 4095 };
/// Enters it for good: 0, an error number, or `OPS_NO_NAMESPACE`. System calls only.
int ops_enter_cage(const struct ops_cage *cage);

/// What a child process is started with.
struct ops_spawn_request {
    const char *path;             ///< the program, already looked up
    char *const *arguments;       ///< ended by NULL
    char *const *environment;     ///< ended by NULL
    const char *directory;        ///< NULL for the caller's own
    int streams[3];               ///< what becomes 0, 1 and 2
    bool owns_session;            ///< setsid; else a process group of its own
    int terminal;                 ///< handed over to the group; -1 for none
    const struct ops_cage *cage;  ///< NULL for none
};

/// Starts a child process in a group of its own, with default signals and no descriptor but its three streams.
///
/// `*pidfd` becomes readable when it ends. Gives the process id, or a negative error number: that of the step
/// that failed in the child, exec included. One at a time; the calling thread waits until exec.
pid_t ops_spawn(const struct ops_spawn_request *spawn, int *pidfd);

/// Reaps an ended child; gives 1 with its wait status, 0 while it runs, or a negative error number.
int ops_reap(pid_t pid, int *status);

/// Reaps what has ended of a process group among our children (orphans included).
void ops_reap_group(pid_t group);

/// Orphans of our children become ours, so that they can be reaped.
void ops_become_subreaper(void);

/// Makes a process group the terminal's foreground group, also when we are in the background.
void ops_take_terminal(int terminal, pid_t group);

int ops_pipe(int descriptors[2]);
/// Enlarges a pipe as far as the system allows.
void ops_grow_pipe(int descriptor, int size);

/// Writes each of these signals, as one byte, to `descriptor` from now on; those ignored so far stay ignored.
/// What the process `guard` sent has `OPS_HANDED_ON` added.
void ops_forward_signals(const int *signals, int count, int descriptor, pid_t guard);
enum { OPS_HANDED_ON = 128 };
/// Sends a SIGCONT that another process sends to us on to `guard`.
void ops_relay_continue(pid_t guard);

/// Opens those of the three standard streams that are closed, so that no other file gets their numbers; to use one
/// still fails.
void ops_reserve_streams(void);

/// Forks this process, which has one thread: the parent is the guard of the child.
///
/// In the parent gives the child's id, one end of a socket between them in `*link`, and in `*signals` what
/// `ops_next_signal` reads: all signals are blocked there, and the child's orphans become the parent's own children.
/// In the child gives 0 and the other end. Else a negative error number, and nothing has changed.
pid_t ops_fork_guarded(int *link, int *signals);
/// Takes a signal that was sent to the guard, and the process that sent it (0: none did); 0 where there is none.
int ops_next_signal(int signals, pid_t *sender);
/// The wait status of a child that has ended, which is reaped; else -EAGAIN, with the signal in `*stopped` that has
/// stopped it since the last look, or 0.
int ops_look_at_child(pid_t pid, int *stopped);
/// Lets a blocked signal act on this process by its default: stops it until it is continued, or ends it.
void ops_suffer(int signal, bool is_end);
bool ops_is_main_thread(void);
/// True where there is a child, ended or not.
bool ops_has_children(void);

/// A descriptor for a process (pidfd_open(2)): its id is not another's while that is open. Or a negative error number.
int ops_open_process(pid_t pid);
int ops_signal_process(int descriptor, int signal);

/// Memory that is freed stays this process's, to be had again without the system, up to 64 MiB.
void ops_keep_memory(void);

/// Makes much memory cheap to get: the heap grows by about `size` bytes at once, in large pages where the system has
/// them. What is not used costs address space only.
void ops_expect_memory(size_t size);

struct ops_event { uint64_t key; uint32_t events; };
enum { OPS_READABLE = 1, OPS_WRITABLE = 4, OPS_ERROR = 8, OPS_HANGUP = 16 };
int ops_poll_create(void);
int ops_poll_add(int poll, int descriptor, uint32_t events, uint64_t key);
/// Watches the descriptor no more; it stays open.
void ops_poll_remove(int poll, int descriptor);
/// Gives the number of events, 0 when `milliseconds` (-1: none) passed, or a negative error number.
int ops_poll_wait(int poll, struct ops_event *events, int count, int milliseconds);
/// A descriptor that `ops_wake` makes readable and `ops_wake_clear` unreadable.
int ops_wake_create(void);
void ops_wake(int descriptor);
void ops_wake_clear(int descriptor);

/// Opens a file without a name in a folder, for writing and reading, that vanishes with its last descriptor
/// (O_TMPFILE); a negative error number where the file system or system has none.
int ops_open_unnamed(const char *folder, mode_t mode);
/// Gives an unnamed file a name that is free; 0 or a negative error number.
int ops_link_unnamed(int descriptor, const char *path);

/// This process leaves no core dump from now on, and none but root's may read its memory and environment; its children
/// are as they would have been.
void ops_hide_memory(void);

/// True for a folder on tmpfs or ramfs: its files are on no disk.
bool ops_is_in_memory(const char *path);

/// The width of a terminal in columns, or 0.
int ops_terminal_width(int descriptor);

/// The processors this process may run on.
int ops_processor_count(void);

/// Sends one line to the system's log, a datagram socket at `path`, in the form that syslog(3) sends (RFC 3164). Never
/// waits; a log that is not there is no error.
void ops_system_log(const char *path, int priority, const char *tag, const char *text);

int ops_is_directory(mode_t mode);
int ops_is_regular(mode_t mode);
int ops_is_link(mode_t mode);

#endif
