/// What `strace -f -o` wrote, judged strictly: a line that is not understood counts against the program.
struct SystemCallLog {
    /// What is traced: all that names a file, starts or signals a process, or uses a network, and what changes or
    /// makes files without a name.
    static let traced =
        "%file,%process,%network,memfd_create,ftruncate,fallocate,fchmod,fchown,io_uring_setup,copy_file_range"

    /// Calls that only look.
    private static let harmless: Set<String> = [
        "access", "faccessat", "faccessat2", "stat", "lstat", "newfstatat", "fstatat64", "statx", "statfs", "readlink",
        "readlinkat", "getcwd", "getxattr", "lgetxattr", "arch_prctl", "exit", "exit_group",
    ]
    /// Files that may be opened for writing: nothing is kept there.
    private static let devices = ["\"/dev/null\"", "\"/dev/tty\""]

    let text: String

    /// The lines that show a process started, a socket, or a file opened for writing, made, changed or removed; the
    /// first call, which starts the program, is not one.
    var offences: [String] {
        var isFirst = true
        return text.split(separator: "\n").compactMap { line in
            // Where another thread came between, a call's arguments are all in its first line.
            if line.contains(/^[0-9]+ +(\+\+\+ exited with [0-9]+ \+\+\+|<\.\.\. [a-z0-9_]+ resumed>.*)$/) {
                return nil
            }
            guard let match = line.firstMatch(of: /^[0-9]+ +([a-z0-9_]+)\((.*)$/) else { return String(line) }
            defer { isFirst = false }
            return isAllowed(String(match.1), match.2, isFirst: isFirst) ? nil : String(line)
        }
    }

    private func isAllowed(_ call: String, _ arguments: Substring, isFirst: Bool) -> Bool {
        switch call {
        case "execve": isFirst
        case "clone", "clone3": arguments.contains("CLONE_THREAD")
        case "open", "openat":
            Self.devices.contains { arguments.contains($0) }
                || arguments.contains("O_RDONLY")
                    && !["O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR", "O_APPEND", "O_TMPFILE"].contains {
                        arguments.contains($0)
                    }
        default: Self.harmless.contains(call)
        }
    }
}
